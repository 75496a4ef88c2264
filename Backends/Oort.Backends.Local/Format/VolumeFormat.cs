namespace Oort.Backends.Local;

/// <summary>Numbers of the volume format (docs/formats/volume.md).</summary>
internal static class VolumeFormat
{
    /// <summary>Groups and extents begin at multiples of this: what was acknowledged never shares a block with what is being written, so a torn write cannot hurt it.</summary>
    public const int BlockSize = 4096;

    /// <summary>The most records of a group: their table stays at 256 KiB, read in one go.</summary>
    public const int RecordCountMax = 4096;

    /// <summary>The most bytes of shards inside a group: what one write and one sync carry before the next waits.</summary>
    public const int ContentSizeMax = 4 * 1024 * 1024;

    /// <summary>The most bytes that one group reserves for extents: eight of the longest shards.</summary>
    public const long ReservedSizeMax = 8 * IShardStore.ShardLengthMax;

    public static long RoundUp(long length) => (length + BlockSize - 1) & -BlockSize;

    public static string FileName(uint number) => $"volumes/{number:x8}.vol";

    /// <summary>The number in a file name, 0 when it is not a volume's.</summary>
    public static uint NumberOf(string name) =>
        name.Length == 12 && name.EndsWith(".vol", StringComparison.Ordinal)
        && uint.TryParse(name.AsSpan(0, 8), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out var number)
        && FileName(number)["volumes/".Length..] == name
            ? number
            : 0;
}
