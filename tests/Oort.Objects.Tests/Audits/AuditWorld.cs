using System.Collections.Immutable;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Audits;
using Oort.Objects.Reputation;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Placement;
using Oort.Objects.Tests.World;

namespace Oort.Objects.Tests.Audits;

/// <summary>A system of eight stores, all of them audited and able to prove what they hold, with some objects on them.</summary>
internal sealed class AuditWorld : IAsyncDisposable
{
    public const int SmallCount = 12;
    private const int LargeSize = 3_000_000;

    private readonly TestCluster cluster = new(8);

    public ShiftedTime Time { get; } = new();

    public ObjectSystem System { get; private set; } = null!;

    public ImmutableArray<SegmentRow> Rows { get; private set; } = [];

    /// <summary>The one that a test does something to.</summary>
    public FlakyStore Bad => cluster.Stores[0];

    public FakeProver Prover { get; private set; } = null!;

    public IReadOnlyList<FlakyStore> Stores => cluster.Stores;

    public StoreReputation Reputation => System.Reputations.Find(Bad.Id)!;

    /// <summary>Shards that are to be on the bad store.</summary>
    public ImmutableArray<ShardId> Shards => [.. from row in Rows from index in Enumerable.Range(0, row.Shards.Length) where row.Shards[index] == Bad.Id select new ShardId(row.Id, (byte)index)];

    /// <param name="audits">By default each store is due in every tick.</param>
    public static async Task<AuditWorld> NewAsync(AuditOptions? audits = null)
    {
        var world = new AuditWorld();
        world.cluster.Time = world.Time;
        world.cluster.Options = world.cluster.Options with { Audits = audits ?? Often };
        foreach (var store in world.cluster.Stores) store.Prover = new FakeProver(store.Inner);
        world.Prover = (FakeProver)world.Bad.Prover!;
        world.System = await world.cluster.OpenAsync();
        foreach (var store in world.cluster.Stores) await world.System.Reputations.EnrolAsync(store.Id, isVetted: true, CancellationToken.None);
        var bucket = await world.System.CreateBucketAsync("bucket");
        for (var number = 0; number < SmallCount; number++) await world.System.PutAsync(bucket, $"key{number}", SystemActions.Content(number, 1_000));
        // Six of the eight stores get its shards: again, until the bad one is among them.
        for (var time = 0; time < 100 && !world.Shards.Any(shard => world.Rows.Single(row => row.Id == shard.Segment).PayloadLength > LargeSize / 2); time++)
        {
            await world.System.PutAsync(bucket, "large", SystemActions.Content(99, LargeSize));
            await world.System.DrainRepairsAsync();
            await world.LookAsync();
        }

        return world;
    }

    /// <summary>So often that each store is due in every tick.</summary>
    public static AuditOptions Often { get; } = new() { AuditsPerDayMin = 1_000_000, AuditsPerDayMax = 1_000_000, BytesPerSecond = 0, AnswerWithin = TimeSpan.FromMinutes(1), DrawInterval = TimeSpan.Zero };

    /// <summary>Reads the rows again.</summary>
    public async Task LookAsync() => Rows = await System.Metadata.ListSegmentsAsync(default, 1_000, notFullOnly: false, store: null, CancellationToken.None);

    public Task AuditAsync(ShardId shard) => System.AuditAsync(Bad.Id, shard);

    /// <summary>Every object is what was put.</summary>
    public async Task<bool> IsWholeAsync()
    {
        for (var number = 0; number < SmallCount; number++)
            if (await System.GetAsync("bucket", $"key{number}") is not { } content || !content.AsSpan().SequenceEqual(SystemActions.Content(number, 1_000))) return false;
        return await System.GetAsync("bucket", "large") is { } large && large.AsSpan().SequenceEqual(SystemActions.Content(99, LargeSize));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in cluster.Stores) store.Heal();
        await System.DisposeAsync();
        await cluster.DisposeAsync();
    }
}
