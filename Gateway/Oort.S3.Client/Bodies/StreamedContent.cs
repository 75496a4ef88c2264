using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using Oort.Checksums;

namespace Oort.S3.Client;

/// <summary>A body as it goes out: plain, or framed as aws-chunked with CRC-64/NVME as a trailer (S3 API: "Transferring Payload in Multiple Chunks", "Including Trailing Headers").</summary>
/// <remarks>One attempt's. The framing's length is known before, so that a Content-Length is sent, which S3 demands.</remarks>
internal sealed class StreamedContent(S3Body body, PayloadKind kind, StallWatch watch) : HttpContent
{
    /// <summary>Bytes of a chunk. S3 wants at least 8 KiB; a signature of 85 bytes is little beside this.</summary>
    private const int ChunkSize = 64 * 1024;

    private const string SignatureExtension = ";chunk-signature=";
    private const string Trailer = "x-amz-checksum-crc64nvme";
    private const string TrailerSignature = "x-amz-trailer-signature";
    private const int SignatureLength = 2 * SigV4.Size;
    private const int CrcTextLength = 12;

    /// <summary>What chunk signatures continue from; null for bodies without. Set when the request has been signed.</summary>
    public ChunkSigner? Signer { get; set; }

    /// <summary>The name that x-amz-trailer announces.</summary>
    public static string TrailerName => Trailer;

    /// <summary>What failed on the side of the body's own source: the service is not at fault.</summary>
    public Exception? SourceFailure { get; private set; }

    private bool IsFramed => kind != PayloadKind.Unsigned;

    private bool IsSigned => kind == PayloadKind.SignedChunksWithTrailer;

    protected override bool TryComputeLength(out long length)
    {
        length = IsFramed ? FramedLength(body.Length, IsSigned) : body.Length;
        return true;
    }

    internal static long FramedLength(long length, bool isSigned)
    {
        var frame = 4 + (isSigned ? SignatureExtension.Length + SignatureLength : 0);
        var (whole, rest) = Math.DivRem(length, ChunkSize);
        var framed = length + whole * (HexLength(ChunkSize) + frame) + (rest > 0 ? HexLength(rest) + frame : 0);
        // The last, empty chunk has no data and so no second line end; then come the trailers and an empty line.
        framed += 1 + frame - 2 + Trailer.Length + 1 + CrcTextLength + 2 + 2;
        return isSigned ? framed + TrailerSignature.Length + 1 + SignatureLength + 2 : framed;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var source = await OpenAsync(cancellationToken);
        using var crc = IsFramed ? new RunningChecksum(ChecksumAlgorithm.Crc64Nvme) : null;
        // A chunk goes out in one write, with its head before and its line end after it.
        const int headMax = 128;
        var buffer = ArrayPool<byte>.Shared.Rent(headMax + ChunkSize + 2);
        try
        {
            for (var left = body.Length; left > 0;)
            {
                var count = (int)Math.Min(left, ChunkSize);
                await ReadAsync(source, buffer.AsMemory(headMax, count), cancellationToken);
                left -= count;
                var data = buffer.AsMemory(headMax, count);
                if (!IsFramed)
                {
                    await WriteAsync(stream, data, cancellationToken);
                    continue;
                }

                crc!.Append(data.Span);
                var head = Head(data.Span);
                var start = headMax - head.Length;
                head.CopyTo(buffer, start);
                "\r\n"u8.CopyTo(buffer.AsSpan(headMax + count));
                await WriteAsync(stream, buffer.AsMemory(start, head.Length + count + 2), cancellationToken);
            }

            if (IsFramed) await WriteAsync(stream, End(crc!.Finish()), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await body.OpenAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            SourceFailure = e;
            throw;
        }
    }

    private async ValueTask ReadAsync(Stream source, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            await source.ReadExactlyAsync(destination, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            SourceFailure = e;
            throw;
        }
    }

    private async ValueTask WriteAsync(Stream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        // Only the connection is watched: the source may take its time.
        watch.Restart();
        await stream.WriteAsync(bytes, cancellationToken);
        watch.Restart();
    }

    private byte[] Head(ReadOnlySpan<byte> chunk)
    {
        var size = chunk.Length.ToString("x", CultureInfo.InvariantCulture);
        return Encoding.ASCII.GetBytes(IsSigned ? $"{size}{SignatureExtension}{ChunkSignature(chunk)}\r\n" : $"{size}\r\n");
    }

    private byte[] End(byte[] crc)
    {
        var value = Convert.ToBase64String(crc);
        if (!IsSigned) return Encoding.ASCII.GetBytes($"0\r\n{Trailer}:{value}\r\n\r\n");
        var last = ChunkSignature([]);
        Span<byte> hash = stackalloc byte[SigV4.Size];
        Sha256.Hash(Encoding.ASCII.GetBytes($"{Trailer}:{value}\n"), hash);
        Span<byte> signature = stackalloc byte[SigV4.Size];
        Signer!.SignTrailer(hash, signature);
        return Encoding.ASCII.GetBytes($"0{SignatureExtension}{last}\r\n{Trailer}:{value}\r\n{TrailerSignature}:{Convert.ToHexStringLower(signature)}\r\n\r\n");
    }

    private string ChunkSignature(ReadOnlySpan<byte> chunk)
    {
        Span<byte> hash = stackalloc byte[SigV4.Size];
        Sha256.Hash(chunk, hash);
        Span<byte> signature = stackalloc byte[SigV4.Size];
        Signer!.SignChunk(hash, signature);
        return Convert.ToHexStringLower(signature);
    }

    private static int HexLength(long value) => value.ToString("x", CultureInfo.InvariantCulture).Length;
}
