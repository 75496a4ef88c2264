namespace Oort.Objects.Shards;

/// <summary>What a shard's header turned out to be (docs/formats/shard.md, "What a reader must reject").</summary>
public enum ShardHeaderOutcome
{
    /// <summary>Well formed, and authentic where a tagger was given.</summary>
    Ok,

    /// <summary>Fewer bytes than a header has.</summary>
    Truncated,

    /// <summary>Not a shard at all.</summary>
    BadMagic,

    /// <summary>A format version or a suite that this program does not know. The shard may be good: it is for a newer program.</summary>
    UnknownVersion,

    /// <summary>The checksum over the header differs: damaged.</summary>
    BadChecksum,

    /// <summary>A geometry, index or length that cannot be, or bytes that must be zero and are not.</summary>
    Malformed,

    /// <summary>The keyed tag differs: not written by this cluster for this place.</summary>
    BadMac,

    /// <summary>A well-formed header, but of another shard, geometry or payload length than expected.</summary>
    Mismatch,
}
