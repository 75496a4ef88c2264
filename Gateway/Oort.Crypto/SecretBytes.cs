using System.Security.Cryptography;

namespace Oort.Crypto;

/// <summary>Key bytes in memory: never moved by the collector (so that no copy stays behind), zeroed when disposed, printed as "***".</summary>
/// <remarks>Not thread-safe against its own disposal: the owner sees to it that nobody uses a key that is being disposed.</remarks>
internal sealed class SecretBytes : IDisposable
{
    private readonly byte[] bytes;
    private bool disposed;

    /// <summary>Copies <paramref name="source"/>, which the caller may then clear.</summary>
    public SecretBytes(ReadOnlySpan<byte> source)
    {
        bytes = GC.AllocateUninitializedArray<byte>(source.Length, pinned: true);
        source.CopyTo(bytes);
    }

    /// <summary>The secret itself.</summary>
    /// <exception cref="ObjectDisposedException">It has been zeroed: zeros must never serve as a key.</exception>
    public ReadOnlySpan<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return bytes;
        }
    }

    /// <summary>Fresh bytes from the operating system's generator.</summary>
    public static SecretBytes Random(int size)
    {
        Span<byte> fresh = stackalloc byte[size];
        RandomNumberGenerator.Fill(fresh);
        var secret = new SecretBytes(fresh);
        CryptographicOperations.ZeroMemory(fresh);
        return secret;
    }

    public void Dispose()
    {
        disposed = true;
        CryptographicOperations.ZeroMemory(bytes);
    }

    public override string ToString() => "***";
}
