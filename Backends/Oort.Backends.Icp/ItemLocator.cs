using System.Buffers.Binary;
using System.Text;

namespace Oort.Backends.Icp;

/// <summary>How an item is found in a canister and known to be itself (docs/formats/icp-item.md §3).</summary>
/// <param name="Sha256">Of the item, 32 bytes.</param>
/// <param name="Length">Of the item, in bytes; at least 1.</param>
/// <param name="Path">At the canister's HTTP interface.</param>
internal sealed record ItemLocator(ReadOnlyMemory<byte> Sha256, long Length, CanisterId Canister, string Path)
{
    public const int Version = 1;
    public const int Sha256Offset = 1;
    public const int Sha256Size = 32;
    public const int LengthOffset = 33;
    public const int CanisterSizeOffset = 41;
    public const int CanisterOffset = 42;

    /// <summary>So that a locator stays well below what a receipt takes.</summary>
    public const int PathLengthMax = 256;

    /// <summary>For people: where it is.</summary>
    public string Address => $"{Canister}{Path}";

    public byte[] Write()
    {
        var bytes = new byte[CanisterOffset + Canister.Bytes.Length + Path.Length];
        bytes[0] = Version;
        Sha256.Span.CopyTo(bytes.AsSpan(Sha256Offset, Sha256Size));
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(LengthOffset), (ulong)Length);
        bytes[CanisterSizeOffset] = (byte)Canister.Bytes.Length;
        Canister.Bytes.CopyTo(bytes.AsSpan(CanisterOffset));
        Encoding.ASCII.GetBytes(Path, bytes.AsSpan(CanisterOffset + Canister.Bytes.Length));
        return bytes;
    }

    /// <exception cref="BackendException">Permanent: it is not what this backend has written.</exception>
    public static ItemLocator Read(ReadOnlyMemory<byte> locator)
    {
        var bytes = locator.Span;
        if (bytes.Length <= CanisterOffset) throw Wrong("it is cut off");
        if (bytes[0] != Version) throw Wrong($"it has version {bytes[0]}, and this program knows {Version}");
        var length = BinaryPrimitives.ReadUInt64BigEndian(bytes[LengthOffset..]);
        if (length is 0 or > long.MaxValue) throw Wrong("its length is none");
        int size = bytes[CanisterSizeOffset];
        if (size is 0 or > CanisterId.SizeMax || bytes.Length <= CanisterOffset + size) throw Wrong("its canister is none");
        var path = bytes[(CanisterOffset + size)..];
        if (!IsPath(path)) throw Wrong("its path is none");
        return new(locator.Slice(Sha256Offset, Sha256Size), (long)length, new(bytes.Slice(CanisterOffset, size)), Encoding.ASCII.GetString(path));
    }

    /// <summary>Nothing that an address could take for anything but a path: no dots that lead upwards, no query, no escapes.</summary>
    private static bool IsPath(ReadOnlySpan<byte> path)
    {
        if (path.Length is < 2 or > PathLengthMax || path[0] != '/' || path.IndexOf("//"u8) >= 0 || path.IndexOf("/."u8) >= 0) return false;
        foreach (var letter in path)
            if (!char.IsAsciiLetterOrDigit((char)letter) && letter is not ((byte)'/' or (byte)'-' or (byte)'_' or (byte)'.')) return false;
        return true;
    }

    private static BackendException Wrong(string what) => new(BackendErrorKind.Permanent, $"The locator of an item on ICP cannot be read: {what}.");
}
