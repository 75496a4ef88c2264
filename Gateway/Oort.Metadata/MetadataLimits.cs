namespace Oort.Metadata;

/// <summary>What the metadata engine takes at most, and why.</summary>
public static class MetadataLimits
{
    /// <summary>UTF-8 bytes of a key (S3 API: "Naming Amazon S3 objects").</summary>
    public const int KeyBytesMax = 1024;

    /// <summary>Highest part number, and so the most parts (S3 API: multipart upload limits).</summary>
    public const int PartNumberMax = 10_000;

    /// <summary>Extents of one part. The largest range that one UploadPartCopy may name (5 GiB) of an object in parts of the smallest size (5 MiB) needs 1,025.</summary>
    public const int PartExtentCountMax = 2_048;

    /// <summary>Extents of one version: keeps its record below 4 MiB. Only copies of copies by range come near it.</summary>
    public const int VersionExtentCountMax = 65_536;

    /// <summary>Extents of a version that is found together with where its data lies. Most objects have one; of one with many, a range needs few.</summary>
    public const int FoundDataMax = 4;

    /// <summary>Entries of one page of a listing (S3 API: MaxKeys).</summary>
    public const int PageSizeMax = 1_000;

    /// <summary>Bytes that the changes of one command may encode to: a version with the most extents and its data rows, with room to spare. A record that is larger is a bug of the caller.</summary>
    public const int CommandBytesMax = 12 * 1024 * 1024;

    /// <summary>Setting that holds the generation up to which everything that went is shredded (u64), and when that was established (i64, milliseconds since 1970); big-endian.</summary>
    public const string ShreddedSetting = "shred/horizon";

    /// <summary>Data ids whose keys one commit may replace, so that it stays far below <see cref="CommandBytesMax"/> with ordinary data; the caller counts the bytes of large ones.</summary>
    public const int RewrapCountMax = 1_000;

    /// <summary>Shards in one item: keeps the command that adds it, some 80 bytes a shard, below half of <see cref="CommandBytesMax"/>.</summary>
    public const int ItemShardCountMax = 65_536;

    /// <summary>Buckets that an item names as those whose data it was made of.</summary>
    public const int ItemBucketCountMax = 16;

    /// <summary>Shards in an item that is to be moved over others: the command takes each away and puts it, some 130 bytes a shard.</summary>
    public const int MovedItemShardCountMax = ItemShardCountMax / 2;

    /// <summary>Settings that one commit changes together.</summary>
    public const int SettingsInCommitMax = 1_000;

    /// <summary>Settings that one change is told of with: as many as rules of a bucket may fit it.</summary>
    public const int AnnouncedSettingsMax = 100;

    /// <summary>Forgotten rows of data that went, in one commit.</summary>
    internal const int ForgetCountMax = 50_000;
}
