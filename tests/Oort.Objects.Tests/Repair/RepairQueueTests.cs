using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Repair;

public sealed class RepairQueueTests
{
    [Fact]
    public async Task Rank_MetadataUnavailable_TriesTheSegmentAgain()
    {
        var time = new ManualTime();
        var metadata = new MemoryMetadata { FailReads = new MetadataUnavailableException("The journal is below its quorum.") };
        using var keyring = Keyring.Create(time);
        await using var stores = new StoreSet(default, new(), time, NullLogger<StoreSet>.Instance);
        var repairer = new SegmentRepairer(metadata, stores, new SegmentClaims(), keyring, SegmentRepairOptions.Default, time, NullLogger<SegmentRepairer>.Instance);
        var queue = new RepairQueue(metadata, stores, repairer, Pacer.None, time, NullLogger<RepairQueue>.Instance);
        queue.Enqueue(new SegmentId(1, 1), -1, RepairReason.WrittenPartly);
        await Should.ThrowAsync<MetadataUnavailableException>(() => queue.DrainAsync(CancellationToken.None));
        queue.IsIdle.ShouldBeFalse();

        // It has no row meanwhile, so a look at it is all that it needs.
        metadata.FailReads = null;
        time.Advance(TimeSpan.FromMinutes(1));
        await queue.DrainAsync(CancellationToken.None);
        queue.IsIdle.ShouldBeTrue();
    }
}
