using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Budget;
using Oort.Objects.Caching;
using Oort.Objects.Reading;
using Oort.Objects.Writing;

namespace Oort.Objects;

/// <summary>What the parts of the data path share.</summary>
internal sealed record DataPath
{
    public required IMetadataStore Metadata { get; init; }
    public required IStoreSet Stores { get; init; }
    public required IRepairQueue Repairs { get; init; }
    public required ISegmentPins Pins { get; init; }
    public required Keyring Keyring { get; init; }
    public required SegmentIds SegmentIds { get; init; }
    public required BufferPool Buffers { get; init; }
    public required HotCells HotCells { get; init; }

    /// <summary>Cells on a near disk; null where none is used.</summary>
    public CellCache? CellCache { get; init; }
    public SharedReads<StripeRange> SharedReads { get; } = new();

    /// <summary>Requests that may hold a data key wrapped under an older key-encryption key.</summary>
    public Eras Eras { get; } = new();
    /// <summary>Looks for a key version that another gateway has made; null: there is none.</summary>
    public Func<int, CancellationToken, ValueTask>? LearnKeysAsync { get; init; }
    /// <summary>The same for keys with names.</summary>
    public Func<CancellationToken, ValueTask>? LearnNamedKeysAsync { get; init; }
    public required ObjectLayerOptions Options { get; init; }
    public required TimeProvider Time { get; init; }

    /// <summary>Stores that hung on a write: the next segments do without them where a quorum remains.</summary>
    public required StallTracker StalledWrites { get; init; }

    /// <summary>Stores that were slower than the hedge on a read: the next reads ask others first. No reason to leave them out of writes.</summary>
    public required StallTracker SlowReads { get; init; }

    /// <summary>The tagger of a segment's headers and cells. Not thread-safe; to be disposed.</summary>
    public SegmentTagger CreateTagger(SegmentId segment)
    {
        Span<byte> id = stackalloc byte[SegmentId.Size];
        segment.Write(id);
        return Keyring.CreateTagger(id);
    }
}
