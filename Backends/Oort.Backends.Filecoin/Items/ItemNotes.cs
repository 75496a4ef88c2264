using System.Buffers.Binary;
using System.Numerics;
using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>What the backend notes of an item for its next steps (docs/formats/filecoin-item.md §3).</summary>
/// <param name="Nonce">256 random bits that its addition is signed with; the contract takes them once, so that it is paid once however often it is sent.</param>
/// <param name="Transaction">What the provider said to have sent for it last; null: nothing.</param>
/// <param name="Sent">When, or when it may have been: set before an addition is sent the first time; null: it was not.</param>
/// <param name="RangeBlock">A block at which challenges might ask for it: a proof in a later block is one of a data set that it was in; 0: not seen yet.</param>
/// <param name="Blocks">Its PieceCID and its blocks' roots.</param>
internal sealed record ItemNotes(BigInteger Nonce, EvmHash? Transaction, DateTimeOffset? Sent, ulong RangeBlock, PieceBlocks Blocks)
{
    public const int Version = 1;
    public const int NonceOffset = 1;
    public const int NonceSize = 32;
    public const int TransactionOffset = 33;
    public const int TransactionSize = 32;
    public const int SentOffset = 65;
    public const int RangeBlockOffset = 73;
    public const int RootsOffset = 81;

    public byte[] Write()
    {
        var bytes = new byte[RootsOffset + Blocks.Roots.Length];
        bytes[0] = Version;
        var nonce = Nonce.ToByteArray(isUnsigned: true, isBigEndian: true);
        nonce.CopyTo(bytes, NonceOffset + NonceSize - nonce.Length);
        Transaction?.Bytes.CopyTo(bytes.AsSpan(TransactionOffset));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(SentOffset), Sent?.ToUnixTimeMilliseconds() ?? 0);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(RangeBlockOffset), RangeBlock);
        Blocks.Roots.Span.CopyTo(bytes.AsSpan(RootsOffset));
        return bytes;
    }

    /// <param name="length">The item's.</param>
    /// <exception cref="BackendException">Permanent: they are not what this backend has written.</exception>
    public static ItemNotes Read(ReadOnlyMemory<byte> notes, long length)
    {
        var bytes = notes.Span;
        if (bytes.Length < RootsOffset) throw Wrong("they are cut off");
        if (bytes[0] != Version) throw Wrong($"they have version {bytes[0]}, and this program knows {Version}");
        if (bytes.Length != RootsOffset + PieceBlocks.CountOf(length) * PieceTree.NodeSize) throw Wrong("their length is not that of their fields");
        var nonce = new BigInteger(bytes.Slice(NonceOffset, NonceSize), isUnsigned: true, isBigEndian: true);
        var sent = BinaryPrimitives.ReadInt64BigEndian(bytes[SentOffset..]);
        var rangeBlock = BinaryPrimitives.ReadUInt64BigEndian(bytes[RangeBlockOffset..]);
        if (nonce.IsZero) throw Wrong("their nonce is zero");
        if (sent < 0 || sent > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() || rangeBlock > long.MaxValue) throw Wrong("a time or a block is none");
        var roots = notes[RootsOffset..];
        for (var last = PieceTree.NodeSize - 1; last < roots.Length; last += PieceTree.NodeSize)
            if ((roots.Span[last] & 0xC0) != 0) throw Wrong("a root is none");
        var transaction = bytes.Slice(TransactionOffset, TransactionSize);
        return new(nonce, transaction.ContainsAnyExcept((byte)0) ? new EvmHash(transaction) : null, sent == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(sent), rangeBlock, PieceBlocks.Of(length, roots));
    }

    private static BackendException Wrong(string what) => new(BackendErrorKind.Permanent, $"The notes of an item on Filecoin cannot be read: {what}. The item is to be placed anew.");
}
