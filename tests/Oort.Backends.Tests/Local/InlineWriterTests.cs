using Oort.Backends.Local;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

public sealed class InlineWriterTests
{
    private const int Length = 1500;

    private readonly RecordingDisk _disk = StoreFixture.NewDisk();

    [Fact]
    public async Task Begin_MoreThanThereAreBuffers_AllAreWrittenAndRead()
    {
        const int Count = 2 * InlineBuffers.CountMax + 1;
        await using (var store = StoreFixture.Open(_disk))
        {
            var writers = new List<IShardWriter>();
            for (var i = 0; i < Count; i++) writers.Add(await store.BeginAsync(TestBytes.Shard((ulong)i), Length, CancellationToken.None));
            writers.Count(writer => writer is InlineWriter).ShouldBe(InlineBuffers.CountMax);
            for (var i = 0; i < Count; i++) await writers[i].WriteAsync(TestBytes.Make(Length, i), CancellationToken.None);
            foreach (var writer in writers) await writer.CommitAsync(CancellationToken.None);
            foreach (var writer in writers) await writer.DisposeAsync();
        }

        await using var reopened = StoreFixture.Open(_disk);
        var all = await StoreFixture.ReadAllAsync(reopened);
        for (var i = 0; i < Count; i++) all[TestBytes.Shard((ulong)i)].ShouldBe(TestBytes.Make(Length, i));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dispose_CommittedOrNot_GivesItsBufferBackOnce(bool commits)
    {
        await using var store = StoreFixture.Open(_disk);
        for (var i = 0; i < 3 * InlineBuffers.CountMax; i++)
        {
            var writer = await store.BeginAsync(TestBytes.Shard((ulong)i), Length, CancellationToken.None);
            writer.ShouldBeOfType<InlineWriter>();
            await writer.WriteAsync(TestBytes.Make(Length, i), CancellationToken.None);
            if (commits) await writer.CommitAsync(CancellationToken.None);
            await writer.DisposeAsync();
            await writer.DisposeAsync();
        }

        // Two of the same buffer would overwrite one another.
        await using var one = await store.BeginAsync(TestBytes.Shard(1001), Length, CancellationToken.None);
        await using var other = await store.BeginAsync(TestBytes.Shard(1002), Length, CancellationToken.None);
        await one.WriteAsync(TestBytes.Make(Length, 1001), CancellationToken.None);
        await other.WriteAsync(TestBytes.Make(Length, 1002), CancellationToken.None);
        await one.CommitAsync(CancellationToken.None);
        await other.CommitAsync(CancellationToken.None);
        (await StoreFixture.ReadAllAsync(store))[TestBytes.Shard(1001)].ShouldBe(TestBytes.Make(Length, 1001));
    }
}
