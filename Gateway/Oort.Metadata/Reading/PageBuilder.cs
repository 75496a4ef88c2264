using System.Collections.Immutable;
using Oort.Metadata.Records;

namespace Oort.Metadata.Reading;

/// <summary>What to do with a key that a listing has come to.</summary>
internal enum KeyVerdict
{
    /// <summary>Show it, and go on with the next row.</summary>
    Show,

    /// <summary>It lies under a common prefix, which has been noted: go on at <see cref="PageBuilder.SeekTo"/> (null: nothing is after it).</summary>
    Skip,

    /// <summary>The page is full and this key would be on the next one, or the prefix is behind us.</summary>
    Stop,
}

/// <summary>The rules that all listings share: prefix, delimiter, common prefixes, limit (S3 API: ListObjectsV2, ListObjectVersions, ListMultipartUploads).</summary>
/// <remarks>All in bytes: S3 orders keys, and cuts prefixes, by their UTF-8.</remarks>
internal sealed class PageBuilder
{
    private readonly byte[] prefix;
    private readonly byte[] delimiter;
    private readonly int limit;
    private readonly ImmutableArray<string>.Builder commonPrefixes = ImmutableArray.CreateBuilder<string>();
    private int count;

    public PageBuilder(string prefix, string delimiter, string after, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MetadataLimits.PageSizeMax);
        this.prefix = Changes.RowKey.Utf8(prefix);
        this.delimiter = Changes.RowKey.Utf8(delimiter);
        this.limit = limit;
        Start = FirstAfter(Changes.RowKey.Utf8(after));
    }

    /// <summary>The smallest key that may be on the page; null when none can.</summary>
    public byte[]? Start { get; }

    public bool IsTruncated { get; private set; }

    /// <summary>Where to go on after a <see cref="KeyVerdict.Skip"/>.</summary>
    public byte[]? SeekTo { get; private set; }

    /// <summary>The last thing on the page was a common prefix.</summary>
    public bool EndsWithPrefix { get; private set; }

    public ImmutableArray<string> CommonPrefixes => commonPrefixes.ToImmutable();

    public string LastPrefix => commonPrefixes[^1];

    public KeyVerdict Offer(ReadOnlySpan<byte> key)
    {
        if (!key.StartsWith(prefix)) return KeyVerdict.Stop;
        if (count == limit)
        {
            IsTruncated = true;
            return KeyVerdict.Stop;
        }
        count++;
        var length = CommonPrefixLength(key);
        EndsWithPrefix = length > 0;
        if (length == 0) return KeyVerdict.Show;
        var common = key[..length];
        commonPrefixes.Add(RecordReader.DecodeText(common));
        SeekTo = ByteKey.AfterPrefix(common);
        return KeyVerdict.Skip;
    }

    /// <summary>Whether a key is shown by itself, not under a common prefix.</summary>
    public bool ShowsItself(ReadOnlySpan<byte> key) => key.StartsWith(prefix) && CommonPrefixLength(key) == 0;

    private byte[]? FirstAfter(byte[] after)
    {
        if (after.Length == 0) return prefix;
        // A marker that is itself a common prefix stands for all keys under it.
        var wholePrefix = after.AsSpan().StartsWith(prefix) && CommonPrefixLength(after) == after.Length;
        var next = wholePrefix ? ByteKey.AfterPrefix(after) : ByteKey.After(after);
        return next is null ? null : ByteKey.Max(next, prefix);
    }

    /// <summary>Length of the common prefix that a key falls under (the prefix, then up to and with the next delimiter); 0 when none.</summary>
    private int CommonPrefixLength(ReadOnlySpan<byte> key)
    {
        if (delimiter.Length == 0) return 0;
        var at = key[prefix.Length..].IndexOf(delimiter);
        return at < 0 ? 0 : prefix.Length + at + delimiter.Length;
    }
}
