using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Oort.Backends.Ipfs;

/// <summary>What the bytes of a block are (multicodec).</summary>
internal enum BlockCodec : byte
{
    /// <summary>Bytes of a file.</summary>
    Raw = 0x55,

    /// <summary>A node of a tree: links and data.</summary>
    DagPb = 0x70,
}

/// <summary>Name of a block: its codec and the SHA-256 of its bytes (the CID and multihash specifications). Other hashes and codecs are refused: nothing here makes them.</summary>
/// <remarks>Two are equal when they name the same block: version 0 is another spelling of dag-pb in version 1, and nodes answer in either.</remarks>
internal readonly struct Cid : IEquatable<Cid>
{
    /// <summary>Bytes of version 1; version 0 has two fewer.</summary>
    public const int SizeMax = 36;

    private const int DigestSize = 32;
    private const byte Version1 = 1;

    // Multihash: SHA-256, and its length.
    private static ReadOnlySpan<byte> HashPrefix => [0x12, DigestSize];

    private readonly UInt128 high;
    private readonly UInt128 low;

    private Cid(BlockCodec codec, ReadOnlySpan<byte> digest, bool isVersion0)
    {
        Codec = codec;
        IsVersion0 = isVersion0;
        high = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(digest);
        low = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(digest[16..]);
    }

    public BlockCodec Codec { get; }

    /// <summary>Whether it is written in the old way: dag-pb only, base 58 only.</summary>
    public bool IsVersion0 { get; }

    /// <summary>Bytes of <see cref="Write"/>.</summary>
    public int Size => IsVersion0 ? SizeMax - 2 : SizeMax;

    /// <summary>The name of a block.</summary>
    public static Cid Of(BlockCodec codec, ReadOnlySpan<byte> block, bool isVersion0 = false)
    {
        if (isVersion0 && codec != BlockCodec.DagPb) throw new ArgumentException("Version 0 names dag-pb blocks only.", nameof(isVersion0));
        Span<byte> digest = stackalloc byte[DigestSize];
        SHA256.HashData(block, digest);
        return new(codec, digest, isVersion0);
    }

    /// <summary>Whether these are the bytes that it names.</summary>
    public bool Names(ReadOnlySpan<byte> block) => Equals(Of(Codec, block));

    /// <summary>Reads one at the beginning of bytes.</summary>
    /// <param name="size">Bytes that it has.</param>
    public static bool TryRead(ReadOnlySpan<byte> source, out Cid cid, out int size)
    {
        (cid, size) = (default, 0);
        var isVersion0 = source.StartsWith(HashPrefix);
        var codec = BlockCodec.DagPb;
        var rest = source;
        if (!isVersion0)
        {
            if (source.Length < 2 || source[0] != Version1 || source[1] is not ((byte)BlockCodec.Raw or (byte)BlockCodec.DagPb)) return false;
            codec = (BlockCodec)source[1];
            rest = source[2..];
        }

        if (rest.Length < HashPrefix.Length + DigestSize || !rest.StartsWith(HashPrefix)) return false;
        cid = new(codec, rest.Slice(HashPrefix.Length, DigestSize), isVersion0);
        size = cid.Size;
        return true;
    }

    /// <summary>Reads one that is all of the bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out Cid cid) => TryRead(source, out cid, out var size) && size == source.Length;

    /// <summary>Reads its text: base 58 in version 0; base 32 or base 58 behind their multibase letters in version 1.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Cid cid)
    {
        cid = default;
        if (text is null or "") return false;
        var (bytes, isVersion0) = text[0] switch
        {
            'Q' => (Base58.Decode(text), true),
            'b' => (Base32.Decode(text.AsSpan(1)), false),
            'z' => (Base58.Decode(text.AsSpan(1)), false),
            _ => (null, false),
        };
        // Version 0 has no multibase, and version 1 is never without.
        return bytes is not null && TryRead(bytes, out cid) && cid.IsVersion0 == isVersion0;
    }

    public void Write(Span<byte> destination)
    {
        if (!IsVersion0)
        {
            destination[0] = Version1;
            destination[1] = (byte)Codec;
            destination = destination[2..];
        }

        HashPrefix.CopyTo(destination);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(destination[2..], high);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(destination[18..], low);
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    public bool Equals(Cid other) => Codec == other.Codec && high == other.high && low == other.low;

    public override bool Equals(object? obj) => obj is Cid other && Equals(other);

    public override int GetHashCode() => low.GetHashCode();

    /// <summary>Base 58 in version 0, otherwise base 32.</summary>
    public override string ToString() => IsVersion0 ? Base58.Encode(ToBytes()) : "b" + Base32.Encode(ToBytes());

    public static bool operator ==(Cid left, Cid right) => left.Equals(right);

    public static bool operator !=(Cid left, Cid right) => !left.Equals(right);
}
