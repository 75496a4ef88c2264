using System.Buffers.Binary;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>First bytes of a backup (docs/formats/backup.md §3).</summary>
internal static class BackupHeader
{
    public const int FormatVersion = 1;

    public const int Size = 32;

    internal const int FormatVersionOffset = 8;
    internal const int ReservedOffset = 10;
    internal const int ClusterOffset = 16;

    private static ReadOnlySpan<byte> Magic => "OORTBKUP"u8;

    public static byte[] ToBytes(ClusterId cluster)
    {
        var bytes = new byte[Size];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(FormatVersionOffset), FormatVersion);
        cluster.Write(bytes.AsSpan(ClusterOffset));
        return bytes;
    }

    /// <summary>Whose backup it is.</summary>
    /// <param name="source"><see cref="Size"/> bytes, or fewer where the file ends.</param>
    /// <exception cref="BackupException">It is none that this program knows.</exception>
    public static ClusterId Read(ReadOnlySpan<byte> source)
    {
        if (source.Length < Size || !source.StartsWith(Magic)) throw new BackupException(BackupFault.NotABackup, "It is no backup of metadata.");
        if (BinaryPrimitives.ReadUInt16BigEndian(source[FormatVersionOffset..]) != FormatVersion || source[ReservedOffset..ClusterOffset].ContainsAnyExcept((byte)0))
            throw new BackupException(BackupFault.UnknownVersion, "It is a backup of another format version; use the program that wrote it, or a newer one.");
        return ClusterId.Read(source[ClusterOffset..]);
    }
}

/// <summary>Last bytes of a backup (docs/formats/backup.md §3).</summary>
internal static class BackupTrailer
{
    public const int Size = 12;

    internal const int MagicOffset = 4;

    private static ReadOnlySpan<byte> Magic => "OORTBEND"u8;

    public static byte[] ToBytes(int manifestSize)
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)manifestSize);
        Magic.CopyTo(bytes.AsSpan(MagicOffset));
        return bytes;
    }

    /// <summary>Bytes of the manifest before it; null when it is no trailer.</summary>
    public static uint? Read(ReadOnlySpan<byte> source) => source[MagicOffset..].SequenceEqual(Magic) ? BinaryPrimitives.ReadUInt32BigEndian(source) : null;
}
