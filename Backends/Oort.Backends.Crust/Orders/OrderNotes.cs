using System.Buffers.Binary;
using Oort.Backends.Ipfs;
using Oort.Evm;

namespace Oort.Backends.Crust;

/// <summary>What is noted of an item and its order for the next step (docs/formats/crust-item.md §3).</summary>
/// <param name="Root">What the item is called.</param>
/// <param name="NotBefore">Until then no order is signed, since the contract undid one; null: nothing is waited for.</param>
/// <param name="UndoneCount">Orders that the contract undid; no more than 255 are counted.</param>
/// <param name="Order">The order that is signed, and may have been sent; null: there is none.</param>
internal sealed record OrderNotes(Cid Root, DateTimeOffset? NotBefore = null, byte UndoneCount = 0, SignedOrder? Order = null)
{
    public const int Version = 1;
    public const int RootOffset = 1;
    public const int RootSize = ItemLocator.Size;
    public const int NotBeforeOffset = 37;
    public const int UndoneCountOffset = 45;
    public const int SignedOffset = 46;
    public const int EarlierCountOffset = 54;
    public const int EarlierOffset = 55;

    public byte[] Write()
    {
        var earlier = Order?.Earlier ?? [];
        var raw = Order?.Transaction.Raw ?? default;
        var bytes = new byte[EarlierOffset + earlier.Count * EvmHash.Size + raw.Length];
        bytes[0] = Version;
        ItemLocator.Write(Root).CopyTo(bytes, RootOffset);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(NotBeforeOffset), NotBefore?.ToUnixTimeMilliseconds() ?? 0);
        bytes[UndoneCountOffset] = UndoneCount;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(SignedOffset), Order?.Signed.ToUnixTimeMilliseconds() ?? 0);
        bytes[EarlierCountOffset] = (byte)earlier.Count;
        for (var i = 0; i < earlier.Count; i++) earlier[i].Bytes.CopyTo(bytes.AsSpan(EarlierOffset + i * EvmHash.Size));
        raw.CopyTo(bytes.AsMemory(EarlierOffset + earlier.Count * EvmHash.Size));
        return bytes;
    }

    /// <exception cref="BackendException">Permanent: they are not what this backend has written.</exception>
    public static OrderNotes Read(ReadOnlyMemory<byte> notes)
    {
        var bytes = notes.Span;
        if (bytes.Length < EarlierOffset) throw Wrong("they are cut off");
        if (bytes[0] != Version) throw Wrong($"they have version {bytes[0]}, and this program knows {Version}");
        var root = ItemLocator.Read(notes.Slice(RootOffset, RootSize));
        var (notBefore, signed) = (TimeAt(bytes, NotBeforeOffset), TimeAt(bytes, SignedOffset));
        int count = bytes[EarlierCountOffset];
        var rest = notes[EarlierOffset..];
        if (count > SignedOrder.EarlierCountMax || rest.Length < count * EvmHash.Size) throw Wrong("their count of earlier transactions is none");
        var earlier = new EvmHash[count];
        for (var i = 0; i < count; i++) earlier[i] = new(rest.Span.Slice(i * EvmHash.Size, EvmHash.Size));
        var raw = rest[(count * EvmHash.Size)..];
        if (signed is not { } time) return raw.IsEmpty && count == 0 ? new(root, notBefore, bytes[UndoneCountOffset]) : throw Wrong("they have a transaction without its time");
        return new(root, notBefore, bytes[UndoneCountOffset], new(Decode(raw), time, earlier));
    }

    private static DateTimeOffset? TimeAt(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadInt64BigEndian(bytes[offset..]) switch
    {
        0 => null,
        > 0 and var time when time <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() => DateTimeOffset.FromUnixTimeMilliseconds(time),
        _ => throw Wrong("a time is none"),
    };

    private static SignedTransaction Decode(ReadOnlyMemory<byte> raw)
    {
        try
        {
            var signed = SignedTransaction.Decode(raw);
            return signed.Transaction is FeeMarketTransaction ? signed : throw Wrong("their transaction is not of type 2");
        }
        catch (EvmException e)
        {
            throw Wrong(e.Message.TrimEnd('.'), e);
        }
    }

    private static BackendException Wrong(string what, Exception? inner = null) => new(BackendErrorKind.Permanent, $"The notes of an item on Crust cannot be read: {what}. The item is to be placed anew.", inner);
}

/// <summary>An order as it is sent.</summary>
/// <param name="Signed">When: the next one of the same number, with higher fees, follows some time after.</param>
/// <param name="Earlier">Those of the same number that were signed before it. Of all of them one at most gets into a block.</param>
internal sealed record SignedOrder(SignedTransaction Transaction, DateTimeOffset Signed, IReadOnlyList<EvmHash> Earlier)
{
    /// <summary>So often fees are raised, by an eighth each time, which together is two and a half times what they were.</summary>
    public const int EarlierCountMax = 8;

    public FeeMarketTransaction Asked => (FeeMarketTransaction)Transaction.Transaction;

    /// <summary>All under which it may be in a block.</summary>
    public IEnumerable<EvmHash> Hashes => Earlier.Prepend(Transaction.Hash);
}
