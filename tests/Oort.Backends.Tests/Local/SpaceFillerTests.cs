using Oort.Backends.Local;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

/// <summary>Zeros ahead of small groups: where they go, where not, and that no crash or failure of theirs costs anything.</summary>
public sealed class SpaceFillerTests : IDisposable
{
    private static readonly LocalStoreOptions s_options = StoreFixture.Options with { VolumeSizeBytes = 1 << 20, AllocationStepBytes = 1 << 18 };

    private readonly RecordingDisk _medium = StoreFixture.NewDisk();
    private readonly FaultyDisk _disk;

    public SpaceFillerTests() => _disk = new FaultyDisk(_medium);

    private static CancellationToken None => CancellationToken.None;

    public void Dispose() => _disk.Dispose();

    [Fact]
    public async Task SmallGroups_InARow_GoWhereZerosAreAndZerosGoNowhereElse()
    {
        await using (var store = StoreFixture.Open(_disk, s_options))
            for (ulong i = 1; i <= 100; i++) await PutAsync(store, i);

        // The filler looks after each group: whatever is small behind the first zeros has zeros under it, and zeros never cover a group.
        var written = new HashSet<long>();
        var zeros = new HashSet<long>();
        foreach (var write in VolumeWrites())
        {
            for (var at = write.Offset; at < write.Offset + write.Content!.Length; at += DirectAlignment.Size)
            {
                if (write.IsDirect) (written.Contains(at) || !zeros.Add(at)).ShouldBeFalse();
                else if (zeros.Count > 0) (zeros.Contains(at) && written.Add(at)).ShouldBeTrue();
                else written.Add(at);
            }
        }

        Fills().ShouldNotBeEmpty();
        Fills().ShouldAllBe(write => write.Content!.All(value => value == 0));
        VolumeWrites().TakeWhile(write => !write.IsDirect).Count().ShouldBe(9, "the volume's header and eight groups");
    }

    [Fact]
    public async Task SmallGroups_BetweenLargeOnes_GetNoZeros()
    {
        await using (var store = StoreFixture.Open(_disk, s_options))
        {
            for (ulong i = 1; i <= 40; i++)
            {
                if (i % 6 != 0)
                {
                    await PutAsync(store, i);
                    continue;
                }

                await using var writer = await store.BeginAsync(TestBytes.Shard(i), 5000, None);
            }
        }

        Fills().ShouldBeEmpty();
    }

    [Fact]
    public async Task SmallGroups_NoDirectWriting_GetNoZeros()
    {
        _medium.CanWriteDirect = false;
        await using (var store = StoreFixture.Open(_disk, s_options))
            for (ulong i = 1; i <= 40; i++) await PutAsync(store, i);

        VolumeWrites().ShouldAllBe(write => write.Content!.Any(value => value != 0));
    }

    [Fact]
    public async Task Crash_AtEveryOperationAmongZeros_LosesNothingAcknowledged()
    {
        var options = s_options with { VolumeSizeBytes = 1 << 17, AllocationStepBytes = 1 << 15 };
        var history = new CrashHistory(_medium);
        await using (var store = StoreFixture.Open(_medium, options))
        {
            for (ulong i = 1; i <= 45; i++)
            {
                var shard = i;
                await history.RunAsync($"shard {TestBytes.Shard(shard)}", Content(shard), () => PutAsync(store, shard));
            }
        }

        Fills().Count().ShouldBeGreaterThan(2);
        await CrashTests.CheckAllAsync(_medium, history, options);
    }

    [Fact]
    public async Task Zeros_NoSpaceForThem_CostNothing()
    {
        await using var store = StoreFixture.Open(_disk, s_options);
        _disk.Inject(DiskCalls.Write, kind: DiskErrorKind.NoSpace, pathPrefix: "volumes/", skip: 9);

        for (ulong i = 1; i <= 20; i++) await PutAsync(store, i);

        (await StoreFixture.ReadAllAsync(store)).Count.ShouldBe(20);
        Fills().ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Zeros_MediumFails_StoreTakesNoMoreWritesAndKeepsWhatItHas()
    {
        await using (var store = StoreFixture.Open(_disk, s_options))
        {
            _disk.Inject(DiskCalls.Write, pathPrefix: "volumes/", skip: 9);
            for (ulong i = 1; i <= 8; i++) await PutAsync(store, i);

            (await Should.ThrowAsync<BackendException>(() => PutAsync(store, 9))).Kind.ShouldBe(BackendErrorKind.ReadOnly);
        }

        await using var reopened = StoreFixture.Open(_medium, s_options);
        (await StoreFixture.ReadAllAsync(reopened)).Count.ShouldBe(8);
    }

    private static byte[] Content(ulong shard) => TestBytes.Make(600 + (int)shard, (int)shard);

    private static Task PutAsync(LocalStore store, ulong shard) => store.PutAsync(TestBytes.Shard(shard), Content(shard), None).AsTask();

    private IEnumerable<DiskOperation> VolumeWrites() =>
        _medium.CopyOperations().Where(operation => operation.Kind == DiskOperationKind.Write && operation.Path.StartsWith("volumes/", StringComparison.Ordinal));

    private IEnumerable<DiskOperation> Fills() => VolumeWrites().Where(write => write.IsDirect);
}
