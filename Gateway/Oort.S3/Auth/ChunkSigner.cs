using System.Security.Cryptography;
using System.Text;
using Oort.Checksums;

namespace Oort.S3;

/// <summary>Verifies the chain of chunk signatures: each covers its chunk and the signature before it, the first the request's own (S3 API: "Signature Calculations: Transferring Payload in Multiple Chunks").</summary>
/// <remarks>For one request; not thread-safe.</remarks>
public sealed class ChunkSigner
{
    private const string ChunkAlgorithm = "AWS4-HMAC-SHA256-PAYLOAD";
    private const string TrailerAlgorithm = "AWS4-HMAC-SHA256-TRAILER";

    private readonly HmacSha256 key;
    private readonly string timestampAndScope;
    private readonly byte[] previous = new byte[SigV4.Size];

    // What is signed for a chunk. From one to the next, only the two hashes in it change: of the signature before, and of the chunk.
    private readonly byte[] text;
    private readonly int previousOffset;

    /// <param name="key">Of <see cref="SigV4.DeriveKey"/>.</param>
    /// <param name="timestamp">Of the request.</param>
    /// <param name="scope">Of the request's credential.</param>
    /// <param name="seed">The request's signature.</param>
    public ChunkSigner(HmacSha256 key, string timestamp, string scope, ReadOnlySpan<byte> seed)
    {
        this.key = key;
        timestampAndScope = $"{timestamp}\n{scope}";
        seed.CopyTo(previous);
        var head = $"{ChunkAlgorithm}\n{timestampAndScope}\n";
        text = Encoding.UTF8.GetBytes($"{head}{SigV4.EmptyHash}\n{SigV4.EmptyHash}\n{SigV4.EmptyHash}");
        previousOffset = text.Length - (3 * SigV4.EmptyHash.Length) - 2;
    }

    /// <summary>The signature of the next chunk; the chain goes on from it.</summary>
    public void SignChunk(ReadOnlySpan<byte> chunkHash, Span<byte> signature)
    {
        Convert.TryToHexStringLower(previous, text.AsSpan(previousOffset), out _);
        Convert.TryToHexStringLower(chunkHash, text.AsSpan(text.Length - SigV4.EmptyHash.Length), out _);
        Sign(text, signature);
    }

    /// <summary>The signature of the trailers, which comes after the last chunk.</summary>
    /// <param name="trailerHash">SHA-256 of "name:value\n" for each trailer.</param>
    public void SignTrailer(ReadOnlySpan<byte> trailerHash, Span<byte> signature) =>
        Sign(Encoding.UTF8.GetBytes($"{TrailerAlgorithm}\n{timestampAndScope}\n{Convert.ToHexStringLower(previous)}\n{Convert.ToHexStringLower(trailerHash)}"), signature);

    /// <returns>False when <paramref name="claimed"/> is not the next chunk's signature; compared in constant time.</returns>
    public bool VerifyChunk(ReadOnlySpan<byte> chunkHash, ReadOnlySpan<byte> claimed)
    {
        Span<byte> expected = stackalloc byte[SigV4.Size];
        SignChunk(chunkHash, expected);
        return CryptographicOperations.FixedTimeEquals(expected, claimed);
    }

    /// <returns>False when <paramref name="claimed"/> is not the trailers' signature; compared in constant time.</returns>
    public bool VerifyTrailer(ReadOnlySpan<byte> trailerHash, ReadOnlySpan<byte> claimed)
    {
        Span<byte> expected = stackalloc byte[SigV4.Size];
        SignTrailer(trailerHash, expected);
        return CryptographicOperations.FixedTimeEquals(expected, claimed);
    }

    private void Sign(ReadOnlySpan<byte> signed, Span<byte> signature)
    {
        key.Compute(signed, signature);
        signature.CopyTo(previous);
    }
}
