namespace Oort.Crypto;

/// <summary>AES-256-GCM (SP 800-38D) under one key, with nonces of 12 bytes and tags of 16. Both implementations pass the same vectors.</summary>
/// <remarks>
/// Not thread-safe: one context under both. Ciphertext and plaintext are of one length; one may begin where the other does, and they may not overlap
/// otherwise. Disposal zeroes the key. <see cref="AesGcmKeys.Create"/> makes it.
/// </remarks>
internal interface IAesGcm : IDisposable
{
    /// <param name="tag">16 bytes; fully overwritten.</param>
    void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> associated);

    /// <returns>False when the bytes are not what was encrypted with this key, nonce and associated data; <paramref name="plaintext"/> is then zeroed.</returns>
    bool TryDecrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> associated);
}
