using System.Security.Cryptography;

namespace Oort.Backends.Arweave.Items;

/// <summary>A data item ready to be sent: the signed header and behind it the data, from wherever it comes.</summary>
/// <remarks>Thread-safe as far as its source is.</remarks>
internal sealed class SignedItem(DataItemHeader header, IItemSource data) : IItemSource
{
    private readonly byte[] head = header.Write();

    public DataItemHeader Header { get; } = header;

    public long Length => head.Length + data.Length;

    /// <summary>Signs: one pass over the data, which comes behind the signature and so is read a second time when it is sent.</summary>
    /// <param name="sha256">What the data is to be.</param>
    /// <exception cref="BackendException">Corrupt: it is something else.</exception>
    public static async ValueTask<DataItemHeader> SignAsync(IItemSource data, ReadOnlyMemory<byte> sha256, IDataItemSigner signer, ReadOnlyMemory<byte> anchor, IReadOnlyList<DataItemTag> tags, CancellationToken cancellationToken)
    {
        using var long384 = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);
        using var long256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await ItemReader.ReadAllAsync(
            data,
            bytes =>
            {
                long384.AppendData(bytes.Span);
                long256.AppendData(bytes.Span);
            },
            cancellationToken);
        ItemReader.Check(sha256.Span, long256.GetHashAndReset());
        var header = new DataItemHeader { Kind = signer.Kind, Owner = signer.Owner, Anchor = anchor, Tags = tags, Signature = ReadOnlyMemory<byte>.Empty };
        return header with { Signature = signer.Sign(header.Digest(data.Length, long384.GetHashAndReset())) };
    }

    /// <summary>Whether the signature is its owner's over this data: one pass over it.</summary>
    public async ValueTask<bool> VerifyAsync(CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);
        await ItemReader.ReadAllAsync(data, bytes => hash.AppendData(bytes.Span), cancellationToken);
        return DataItemSignatures.Verify(Header, Header.Digest(data.Length, hash.GetHashAndReset()));
    }

    public async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var count = 0;
        if (offset < head.Length)
        {
            count = (int)Math.Min(head.Length - offset, destination.Length);
            head.AsMemory((int)offset, count).CopyTo(destination);
        }

        if (count == destination.Length) return count;
        return count + await data.ReadAsync(offset + count - head.Length, destination[count..], cancellationToken);
    }
}
