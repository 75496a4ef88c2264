namespace Oort.Checksums;

/// <summary>SHA-256 (FIPS 180-4) at the price of the hash alone: signatures hash a few hundred bytes at a time, where the platform's own calls cost five times the work.</summary>
/// <remarks>
/// It is OpenSSL's code, which .NET loads anyway, called without the layers between; where that library or one of its symbols is missing, .NET's own API does
/// the same (<see cref="ISha256Engine"/>). Thread-safe.
/// </remarks>
public static class Sha256
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    /// <summary>Bytes that one round of the hash takes in; HMAC pads its key to this.</summary>
    internal const int BlockSize = 64;

    internal static ISha256Engine Engine { get; } = LibcryptoSha256.IsUsable() ? new LibcryptoSha256() : new PlatformSha256();

    /// <summary>Hashes bytes that are all there.</summary>
    /// <param name="hash"><see cref="Size"/> bytes; fully overwritten.</param>
    /// <exception cref="ArgumentException"><paramref name="hash"/> has another length.</exception>
    public static void Hash(ReadOnlySpan<byte> data, Span<byte> hash)
    {
        CheckSize(hash, nameof(hash));
        Engine.Hash(data, hash);
    }

    // The library writes 32 bytes wherever it is told to.
    internal static void CheckSize(ReadOnlySpan<byte> destination, string name)
    {
        if (destination.Length != Size) throw new ArgumentException("A SHA-256 value has 32 bytes.", name);
    }
}
