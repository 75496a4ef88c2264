using System.Security.Cryptography;

namespace Oort.Crypto;

/// <summary>.NET's own API, wherever OpenSSL 3 is not what it rests on.</summary>
internal sealed class PlatformAesGcm(ReadOnlySpan<byte> key) : IAesGcm
{
    private readonly AesGcm aes = new(key, AesGcmKeys.TagSize);

    public void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> associated) =>
        aes.Encrypt(nonce, plaintext, ciphertext, tag, associated);

    public bool TryDecrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> associated)
    {
        try
        {
            aes.Decrypt(nonce, ciphertext, tag, plaintext, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            plaintext.Clear();
            return false;
        }
    }

    public void Dispose() => aes.Dispose();
}
