namespace Oort.Checksums;

/// <summary>HMAC-SHA-256 (RFC 2104) under one key that signs many messages: what depends on the key alone is computed once.</summary>
/// <remarks>Thread-safe, but for disposal: the owner sees to it that nobody uses a key that is being disposed. Prints as "***".</remarks>
public abstract class HmacSha256 : IDisposable
{
    private protected HmacSha256()
    {
    }

    /// <summary>Takes a key of any length, which the caller may then clear.</summary>
    public static HmacSha256 Create(ReadOnlySpan<byte> key) => Sha256.Engine.CreateHmac(key);

    /// <summary>For a key that is used once.</summary>
    /// <param name="mac"><see cref="Sha256.Size"/> bytes; fully overwritten. It may be <paramref name="key"/> itself.</param>
    /// <exception cref="ArgumentException"><paramref name="mac"/> has another length.</exception>
    public static void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac)
    {
        Sha256.CheckSize(mac, nameof(mac));
        Sha256.Engine.Hmac(key, message, mac);
    }

    /// <summary>Computes the code of a message.</summary>
    /// <param name="mac"><see cref="Sha256.Size"/> bytes; fully overwritten.</param>
    /// <exception cref="ArgumentException"><paramref name="mac"/> has another length.</exception>
    /// <exception cref="ObjectDisposedException">The key has been zeroed.</exception>
    public void Compute(ReadOnlySpan<byte> message, Span<byte> mac)
    {
        Sha256.CheckSize(mac, nameof(mac));
        ComputeCore(message, mac);
    }

    /// <summary>Zeroes the key.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    public override string ToString() => "***";

    private protected abstract void ComputeCore(ReadOnlySpan<byte> message, Span<byte> mac);

    protected abstract void Dispose(bool disposing);
}
