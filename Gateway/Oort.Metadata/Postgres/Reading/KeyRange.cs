using Oort.Backends;
using Oort.Metadata.Reading;

namespace Oort.Metadata.Postgres.Reading;

/// <summary>Keys and ends of ranges as parameters.</summary>
internal static class KeyRange
{
    private static readonly byte[] afterAll = [.. Enumerable.Repeat((byte)0xff, MetadataLimits.KeyBytesMax + 1)];

    /// <summary>The first key after all that begin with a prefix: without it a range read would go on to the end of the bucket.</summary>
    public static byte[] End(ReadOnlySpan<byte> prefix) => ByteKey.AfterPrefix(prefix) ?? afterAll;

    public static byte[] Of(UploadId id)
    {
        var key = new byte[UploadId.Size];
        id.Write(key);
        return key;
    }

    public static byte[] Of(SegmentId id)
    {
        var key = new byte[SegmentId.Size];
        id.Write(key);
        return key;
    }

    public static byte[] Of(StoreId id)
    {
        var key = new byte[StoreId.Size];
        id.Write(key);
        return key;
    }

    public static byte[] Of(DataId id)
    {
        var key = new byte[DataId.Size];
        id.Write(key);
        return key;
    }
}
