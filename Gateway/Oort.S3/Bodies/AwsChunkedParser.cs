using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Oort.Checksums;

namespace Oort.S3;

/// <summary>The aws-chunked framing as a state machine over a window of raw bytes (S3 API: "Transferring Payload in Multiple Chunks", "Including Trailing Headers").</summary>
/// <remarks>
/// <code>
/// size-in-hex [";chunk-signature=" 64 hex] CRLF  data CRLF        repeated
/// "0" [";chunk-signature=" 64 hex] CRLF  *(name ":" value CRLF)  CRLF
/// </code>
/// Offsets are relative to the window's start; <see cref="Drop"/> moves it. Bytes are released as they come, the last of a signed chunk only
/// when its signature was verified: what a reader was given is the body only if it read to the end, as with every body, and no chunk has to be held in memory.
/// </remarks>
internal sealed class AwsChunkedParser(PayloadKind kind, ChunkSigner? signer, long decodedLength, IReadOnlyList<string> announcedTrailers, IDictionary<string, string> trailers) : IDisposable
{
    // A size of 16 digits, the extension and its 64 digits take 97 bytes; the rest is for extensions of others.
    private const int HeaderSizeMax = 256;

    // A checksum and a signature take some 200 bytes.
    private const int TrailerSizeMax = 4096;
    private const int TrailerCountMax = 16;
    private const string TrailerSignature = "x-amz-trailer-signature";

    private enum Mode
    {
        ChunkHeader,
        ChunkData,
        ChunkEnd,
        Trailer,
        Done,
    }

    private readonly RunningSha256? sha = signer is null ? null : RunningSha256.Create();
    private readonly byte[] claimed = new byte[SigV4.Size];
    private readonly List<(string Name, string Value)> received = [];
    private Mode mode;
    private long chunkSize;

    // Bytes of the current chunk that were released.
    private long chunkDone;
    private long decoded;
    private int trailerSize;

    /// <summary>The runs of decoded bytes in the window.</summary>
    public List<(long Offset, long Length)> Runs { get; } = [];

    /// <summary>How far the window is parsed: what comes before and is in no run is framing.</summary>
    public long Parsed { get; private set; }

    public bool IsDone => mode == Mode.Done;

    /// <summary>Forgets the first bytes of the window.</summary>
    /// <param name="count">At most <see cref="Parsed"/>.</param>
    public void Drop(long count)
    {
        Parsed -= count;
        var kept = 0;
        for (var i = 0; i < Runs.Count; i++)
        {
            var (offset, length) = Runs[i];
            var start = Math.Max(offset - count, 0);
            var end = offset + length - count;
            if (end > start)
                Runs[kept++] = (start, end - start);
        }

        Runs.RemoveRange(kept, Runs.Count - kept);
    }

    /// <summary>Parses as far as the window goes.</summary>
    /// <param name="isLast">No more bytes will come.</param>
    /// <exception cref="S3Exception">SignatureDoesNotMatch, IncompleteBody, InvalidChunkSizeError, InvalidRequest, MalformedTrailerError.</exception>
    public void Parse(in ReadOnlySequence<byte> window, bool isLast)
    {
        var goesOn = true;
        while (goesOn)
        {
            goesOn = mode switch
            {
                Mode.ChunkHeader => ParseHeader(window),
                Mode.ChunkData => TakeData(window),
                Mode.ChunkEnd => ParseEnd(window),
                Mode.Trailer => ParseTrailer(window, isLast),
                _ => false,
            };
        }

        if (mode == Mode.Done && window.Length > Parsed)
            throw new S3Exception(S3Errors.MalformedTrailerError, "Bytes follow the end of the last chunk.");
        if (isLast && mode != Mode.Done)
            throw new S3Exception(S3Errors.IncompleteBody, "The request body ended before its last chunk.");
    }

    public void Dispose() => sha?.Dispose();

    private bool ParseHeader(in ReadOnlySequence<byte> window)
    {
        Span<byte> line = stackalloc byte[HeaderSizeMax];
        if (!TryReadLine(window, line, out var length, needsReturn: true, S3Errors.InvalidChunkSizeError))
            return false;
        ReadOnlySpan<byte> text = line[..length];
        var semicolon = text.IndexOf((byte)';');
        var digits = (semicolon < 0 ? text : text[..semicolon]).TrimEnd(" \t"u8);
        // Utf8Parser takes what fits a long and says where it stopped; 15 digits hold more than any object.
        if (digits.Length is 0 or > 15 || !Utf8Parser.TryParse(digits, out chunkSize, out var consumed, 'x') || consumed != digits.Length || chunkSize < 0)
            throw new S3Exception(S3Errors.InvalidChunkSizeError);
        if (chunkSize > decodedLength - decoded)
            throw new S3Exception(S3Errors.IncompleteBody, "The request body has more bytes than x-amz-decoded-content-length says.");
        if (signer is not null)
            ReadSignature(semicolon < 0 ? default : text[semicolon..]);

        chunkDone = 0;
        mode = Mode.ChunkData;
        if (chunkSize == 0)
            EndData();
        return true;
    }

    private void ReadSignature(ReadOnlySpan<byte> extension)
    {
        if (!extension.StartsWith(";chunk-signature="u8) || !TryFromHex(extension[";chunk-signature="u8.Length..].TrimEnd(" \t"u8), claimed))
            throw new S3Exception(S3Errors.InvalidRequest, "A chunk of the request body has no signature, or a malformed one.");
    }

    // The chunk of size 0: the end of the data.
    private void EndData()
    {
        if (decoded != decodedLength)
            throw new S3Exception(S3Errors.IncompleteBody, "The request body has fewer bytes than x-amz-decoded-content-length says.");
        VerifyChunk();
        mode = Mode.Trailer;
    }

    private bool TakeData(in ReadOnlySequence<byte> window)
    {
        var take = Math.Min(window.Length - Parsed, chunkSize - chunkDone);
        if (sha is not null)
        {
            foreach (var segment in window.Slice(Parsed, take))
                sha.Append(segment.Span);
        }

        if (take > 0)
            Release(take);
        chunkDone += take;
        if (chunkDone < chunkSize)
            return false;
        VerifyChunk();
        mode = Mode.ChunkEnd;
        return true;
    }

    private void Release(long length)
    {
        var touches = Runs.Count > 0 && Runs[^1].Offset + Runs[^1].Length == Parsed;
        if (touches)
            Runs[^1] = (Runs[^1].Offset, Runs[^1].Length + length);
        else
            Runs.Add((Parsed, length));
        Parsed += length;
        decoded += length;
    }

    private void VerifyChunk()
    {
        if (signer is null)
            return;
        Span<byte> hash = stackalloc byte[SigV4.Size];
        sha!.Finish(hash);
        if (!signer.VerifyChunk(hash, claimed))
            throw new S3Exception(S3Errors.SignatureDoesNotMatch, "The signature of a chunk of the request body does not match.");
    }

    private bool ParseEnd(in ReadOnlySequence<byte> window)
    {
        if (window.Length - Parsed < 2)
            return false;
        Span<byte> end = stackalloc byte[2];
        window.Slice(Parsed, 2).CopyTo(end);
        if (!end.SequenceEqual("\r\n"u8))
            throw new S3Exception(S3Errors.InvalidChunkSizeError, "A chunk of the request body does not end where its size says.");
        Parsed += 2;
        mode = Mode.ChunkHeader;
        return true;
    }

    private bool ParseTrailer(in ReadOnlySequence<byte> window, bool isLast)
    {
        Span<byte> line = stackalloc byte[TrailerSizeMax];
        if (!TryReadLine(window, line, out var length, needsReturn: false, S3Errors.MalformedTrailerError))
        {
            // Some clients leave the last empty line out: the body's end, on a line's border, says the same.
            if (!isLast || window.Length != Parsed)
                return false;
            length = 0;
        }

        if (length == 0)
        {
            EndTrailers();
            return false;
        }

        trailerSize += length;
        var text = Encoding.UTF8.GetString(line[..length]);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || kind == PayloadKind.SignedChunks || trailerSize > TrailerSizeMax || received.Count == TrailerCountMax)
            throw new S3Exception(S3Errors.MalformedTrailerError);
        received.Add((text[..colon].Trim().ToLowerInvariant(), text[(colon + 1)..].Trim()));
        return true;
    }

    private void EndTrailers()
    {
        if (kind == PayloadKind.SignedChunksWithTrailer)
            VerifyTrailers();
        foreach (var (name, value) in received)
        {
            if (!announcedTrailers.Contains(name) || !trailers.TryAdd(name, value))
                throw new S3Exception(S3Errors.MalformedTrailerError);
        }

        foreach (var name in announcedTrailers)
        {
            if (!trailers.ContainsKey(name))
                throw new S3Exception(S3Errors.MalformedTrailerError);
        }

        mode = Mode.Done;
    }

    private void VerifyTrailers()
    {
        var index = received.FindIndex(static trailer => trailer.Name == TrailerSignature);
        if (index < 0 || !TryFromHex(Encoding.UTF8.GetBytes(received[index].Value), claimed))
            throw new S3Exception(S3Errors.MalformedTrailerError, "The signature of the trailers is missing or malformed.");
        received.RemoveAt(index);
        var canonical = new StringBuilder();
        foreach (var (name, value) in received)
            canonical.Append(name).Append(':').Append(value).Append('\n');
        Span<byte> hash = stackalloc byte[SigV4.Size];
        Sha256.Hash(Encoding.UTF8.GetBytes(canonical.ToString()), hash);
        if (!signer!.VerifyTrailer(hash, claimed))
            throw new S3Exception(S3Errors.SignatureDoesNotMatch, "The signature of the trailers does not match.");
    }

    // A line without its end, copied to `line`. False: its end has not come yet.
    private bool TryReadLine(in ReadOnlySequence<byte> window, Span<byte> line, out int length, bool needsReturn, S3Error tooLong)
    {
        length = 0;
        var rest = window.Slice(Parsed);
        var head = rest.Slice(0, Math.Min(rest.Length, line.Length));
        head.CopyTo(line);
        var end = line[..(int)head.Length].IndexOf((byte)'\n');
        if (end < 0)
        {
            if (head.Length == line.Length)
                throw new S3Exception(tooLong);
            return false;
        }

        Parsed += end + 1;
        var hasReturn = end > 0 && line[end - 1] == '\r';
        if (needsReturn && !hasReturn)
            throw new S3Exception(tooLong);
        length = hasReturn ? end - 1 : end;
        return true;
    }

    private static bool TryFromHex(ReadOnlySpan<byte> hex, Span<byte> bytes) =>
        hex.Length == bytes.Length * 2 && Convert.FromHexString(hex, bytes, out _, out _) == OperationStatus.Done;
}
