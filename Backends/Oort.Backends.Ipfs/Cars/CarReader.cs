namespace Oort.Backends.Ipfs;

/// <summary>Reads blocks from a CARv1 as it comes, and checks each one's hash. Not thread-safe.</summary>
/// <param name="stream">Is disposed with it.</param>
/// <param name="place">Whom messages name.</param>
internal sealed class CarReader(Stream stream, string place) : IDisposable
{
    /// <summary>Bytes of a header: some roots; more has no use.</summary>
    private const int HeaderSizeMax = 4096;

    private readonly BufferedStream input = new(stream, 64 * 1024);
    private readonly byte[] one = new byte[1];
    private bool isBegun;

    public void Dispose() => input.Dispose();

    /// <summary>The next block; null at the end. Whether all came that was asked for, only who knows the tree can say.</summary>
    /// <exception cref="BackendException">Transient: it breaks off inside a block. Corrupt: it is no CAR, or a block is not what it is called.</exception>
    public async ValueTask<(Cid Cid, ReadOnlyMemory<byte> Block)?> NextAsync(CancellationToken cancellationToken)
    {
        if (!isBegun)
        {
            var headerSize = await LengthAsync(HeaderSizeMax, cancellationToken) ?? throw Cut();
            if (!Car.IsHeader(await TakeAsync(headerSize, cancellationToken))) throw Corrupt("what is no CAR of version 1");
            isBegun = true;
        }

        // A length of 0 is no block: some writers pad the end with it.
        if (await LengthAsync(Cid.SizeMax + Blocks.SizeMax, cancellationToken) is not (int size and > 0)) return null;
        var section = await TakeAsync(size, cancellationToken);
        if (!Cid.TryRead(section, out var cid, out var cidSize)) throw Corrupt("a block whose name is no CID of SHA-256 over raw or dag-pb");
        var block = section.AsMemory(cidSize);
        Blocks.Check(cid, block.Span, place);
        return (cid, block);
    }

    /// <returns>Null: the end.</returns>
    private async ValueTask<int?> LengthAsync(int max, CancellationToken cancellationToken)
    {
        var bytes = new byte[Varint.SizeMax];
        for (var count = 0; count < bytes.Length;)
        {
            if (await input.ReadAsync(one, cancellationToken) == 0)
            {
                if (count == 0) return null;
                throw Cut();
            }

            bytes[count++] = one[0];
            if (one[0] >= 0x80) continue;
            if (!Varint.TryRead(bytes.AsSpan(0, count), out var length, out _)) break;
            return length <= max ? (int)length : throw Corrupt($"a length of {length}, where {max} is the most");
        }

        throw Corrupt("a length that is no varint");
    }

    private async ValueTask<byte[]> TakeAsync(int size, CancellationToken cancellationToken)
    {
        var bytes = new byte[size];
        if (await input.ReadAtLeastAsync(bytes, size, throwOnEndOfStream: false, cancellationToken) < size) throw Cut();
        return bytes;
    }

    private BackendException Cut() => new(BackendErrorKind.Transient, $"The CAR from {place} broke off inside a block.");

    private BackendException Corrupt(string what) => new(BackendErrorKind.Corrupt, $"{place} sent {what}.");
}
