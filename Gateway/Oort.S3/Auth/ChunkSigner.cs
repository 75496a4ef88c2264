using System.Security.Cryptography;
using System.Text;

namespace Oort.S3;

/// <summary>Verifies the chain of chunk signatures: each covers its chunk and the signature before it, the first the request's own (S3 API: "Signature Calculations: Transferring Payload in Multiple Chunks").</summary>
/// <remarks>For one request; not thread-safe.</remarks>
public sealed class ChunkSigner
{
    private const string ChunkAlgorithm = "AWS4-HMAC-SHA256-PAYLOAD";
    private const string TrailerAlgorithm = "AWS4-HMAC-SHA256-TRAILER";

    private readonly byte[] key;
    private readonly string timestampAndScope;
    private readonly byte[] previous = new byte[SigV4.Size];

    /// <param name="key">From <see cref="SigV4.DeriveKey"/>.</param>
    /// <param name="timestamp">Of the request.</param>
    /// <param name="scope">Of the request's credential.</param>
    /// <param name="seed">The request's signature.</param>
    public ChunkSigner(byte[] key, string timestamp, string scope, ReadOnlySpan<byte> seed)
    {
        this.key = key;
        timestampAndScope = $"{timestamp}\n{scope}";
        seed.CopyTo(previous);
    }

    /// <summary>The signature of the next chunk; the chain goes on from it.</summary>
    public void SignChunk(ReadOnlySpan<byte> chunkHash, Span<byte> signature) =>
        Sign($"{ChunkAlgorithm}\n{timestampAndScope}\n{Convert.ToHexStringLower(previous)}\n{SigV4.EmptyHash}\n{Convert.ToHexStringLower(chunkHash)}", signature);

    /// <summary>The signature of the trailers, which comes after the last chunk.</summary>
    /// <param name="trailerHash">SHA-256 of "name:value\n" for each trailer.</param>
    public void SignTrailer(ReadOnlySpan<byte> trailerHash, Span<byte> signature) =>
        Sign($"{TrailerAlgorithm}\n{timestampAndScope}\n{Convert.ToHexStringLower(previous)}\n{Convert.ToHexStringLower(trailerHash)}", signature);

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

    private void Sign(string text, Span<byte> signature)
    {
        HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text), signature);
        signature.CopyTo(previous);
    }
}
