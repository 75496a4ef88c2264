using System.Buffers.Binary;

namespace Oort.Backends.Filecoin;

/// <summary>How an item is found again and known to be itself (docs/formats/filecoin-item.md §4).</summary>
/// <param name="DataSetId">0: it is in none yet.</param>
/// <param name="PieceId">Its number in the data set.</param>
internal sealed record ItemLocator(ReadOnlyMemory<byte> Sha256, ulong DataSetId, ulong PieceId, PieceCid Cid)
{
    public const int Version = 1;
    public const int Sha256Offset = 1;
    public const int Sha256Size = 32;
    public const int DataSetIdOffset = 33;
    public const int PieceIdOffset = 41;
    public const int CidOffset = 49;

    public bool IsInDataSet => DataSetId != 0;

    public byte[] Write()
    {
        var cid = Cid.ToArray();
        var bytes = new byte[CidOffset + cid.Length];
        bytes[0] = Version;
        Sha256.Span.CopyTo(bytes.AsSpan(Sha256Offset));
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(DataSetIdOffset), DataSetId);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(PieceIdOffset), PieceId);
        cid.CopyTo(bytes, CidOffset);
        return bytes;
    }

    /// <exception cref="BackendException">Permanent: it is not what this backend has written.</exception>
    public static ItemLocator Read(ReadOnlyMemory<byte> locator)
    {
        var bytes = locator.Span;
        if (bytes.Length <= CidOffset) throw Wrong("it is cut off");
        if (bytes[0] != Version) throw Wrong($"it has version {bytes[0]}, and this program knows {Version}");
        var (dataSetId, pieceId) = (BinaryPrimitives.ReadUInt64BigEndian(bytes[DataSetIdOffset..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[PieceIdOffset..]));
        if (dataSetId > long.MaxValue || pieceId > long.MaxValue || (dataSetId == 0 && pieceId != 0)) throw Wrong("its numbers are none of a data set and a piece");
        if (!PieceCid.TryRead(bytes[CidOffset..], out var cid) || cid.Length == 0) throw Wrong("its PieceCID is none");
        return new(locator.Slice(Sha256Offset, Sha256Size), dataSetId, pieceId, cid);
    }

    private static BackendException Wrong(string what) => new(BackendErrorKind.Permanent, $"The locator of an item on Filecoin cannot be read: {what}.");
}
