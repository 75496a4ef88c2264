using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Repair;

public sealed class RepairQueueTests
{
    private static readonly SegmentId segment = new(1, 1);

    [Fact]
    public async Task Rank_MetadataUnavailable_TriesTheSegmentAgain()
    {
        await using var world = new QueueWorld();
        await world.PutOffAsync();

        // It has no row meanwhile, so a look at it is all that it needs.
        await world.Queue.DrainAsync(CancellationToken.None);
        world.Queue.IsIdle.ShouldBeTrue();
    }

    [Fact]
    public async Task Rank_ByTwoWorkersAtOnce_TheSlowerDoesNotTouchWhatTheQuickerLooksAt()
    {
        await using var world = new QueueWorld();
        await world.PutOffAsync();
        var answers = new List<TaskCompletionSource<SegmentRow?>>();
        world.Metadata.Find = () =>
        {
            lock (answers)
            {
                answers.Add(new(TaskCreationOptions.RunContinuationsAsynchronously));
                return answers[^1].Task;
            }
        };

        // Its pause is over, and both rank it.
        Task[] workers = [world.Queue.DrainAsync(CancellationToken.None), world.Queue.DrainAsync(CancellationToken.None)];
        answers.Count.ShouldBe(2);
        answers[0].SetResult(new() { Id = segment, Geometry = new(2, 1), PayloadLength = 1, Shards = [StoreId.None, StoreId.None, StoreId.None] });
        await Eventually.TrueAsync(() => answers.Count == 3);
        world.Queue.Status.Running.ShouldBe(1);

        // Then its objects are deleted.
        answers[1].SetResult(null);
        await workers[1];
        world.Queue.Status.Queued.ShouldBe(1);
        answers[2].SetResult(null);
        await workers[0];
        (world.Queue.IsIdle, world.Queue.Status.Failed).ShouldBe((true, 0));
    }

    private sealed class QueueWorld : IAsyncDisposable
    {
        private readonly ManualTime time = new();
        private readonly Keyring keyring;
        private readonly StoreSet stores;

        public QueueWorld()
        {
            keyring = Keyring.Create(time);
            stores = new(default, new(), time, NullLogger<StoreSet>.Instance);
            var repairer = new SegmentRepairer(Metadata, stores, new SegmentClaims(), keyring, SegmentRepairOptions.Default, time, NullLogger<SegmentRepairer>.Instance);
            Queue = new(Metadata, stores, repairer, Pacer.None, time, NullLogger<RepairQueue>.Instance);
        }

        public MemoryMetadata Metadata { get; } = new();

        public RepairQueue Queue { get; }

        /// <summary>Asks for a segment whose row cannot be read, and waits until it is due again.</summary>
        public async Task PutOffAsync()
        {
            Metadata.FailReads = new MetadataUnavailableException("The journal is below its quorum.");
            Queue.Enqueue(segment, -1, RepairReason.WrittenPartly);
            await Should.ThrowAsync<MetadataUnavailableException>(() => Queue.DrainAsync(CancellationToken.None));
            Queue.IsIdle.ShouldBeFalse();
            Metadata.FailReads = null;
            time.Advance(TimeSpan.FromMinutes(1));
        }

        public async ValueTask DisposeAsync()
        {
            await stores.DisposeAsync();
            keyring.Dispose();
        }
    }
}
