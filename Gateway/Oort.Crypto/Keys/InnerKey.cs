using System.Buffers;

namespace Oort.Crypto;

/// <summary>What a data key is wrapped under before the key-encryption key wraps it (docs/formats/keyring.md §5).</summary>
public enum InnerKeyKind : byte
{
    /// <summary>Nothing: the cluster's own keys alone open it (SSE-S3).</summary>
    None = 0,

    /// <summary>A key that the client brings with each request and that is never kept (SSE-C).</summary>
    Customer = 1,

    /// <summary>A key of the keyring with a name (SSE-KMS).</summary>
    Named = 2,
}

/// <summary>A customer's key, or the name of a key of the keyring. Prints as "***"; the bytes are zeroed on disposal.</summary>
public sealed class InnerKey : IDisposable
{
    /// <summary>Bytes of a customer's key.</summary>
    public const int CustomerKeySize = 32;

    /// <summary>Longest name, in characters: above the identifiers and aliases of key services.</summary>
    public const int NameLengthMax = 128;

    private static readonly SearchValues<char> nameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_:.-");

    private readonly SecretBytes? bytes;

    private InnerKey(InnerKeyKind kind, string name, SecretBytes? bytes) => (Kind, Name, this.bytes) = (kind, name, bytes);

    public InnerKeyKind Kind { get; }

    /// <summary>Empty for a customer's key.</summary>
    public string Name { get; }

    internal ReadOnlySpan<byte> Span => bytes!.Span;

    /// <summary>A customer's key.</summary>
    /// <param name="key">32 bytes; copied, and to be cleared by the caller.</param>
    public static InnerKey OfCustomer(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, CustomerKeySize);
        return new(InnerKeyKind.Customer, "", new(key));
    }

    /// <exception cref="ArgumentException">No key can have this name.</exception>
    public static InnerKey OfName(string name) => IsName(name) ? new(InnerKeyKind.Named, name, null) : throw new ArgumentException("No key can have this name.", nameof(name));

    public static bool IsName(string name) => name.Length is > 0 and <= NameLengthMax && !name.AsSpan().ContainsAnyExcept(nameCharacters);

    /// <summary>Whether both are the same key. Of customers' keys compared in constant time.</summary>
    public bool IsSameAs(InnerKey other) =>
        Kind == other.Kind && (Kind == InnerKeyKind.Customer ? System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(Span, other.Span) : Name == other.Name);

    /// <summary>Makes of a digest of plaintext what says nothing of the plaintext to those who have not the customer's key, and is the same for the same.</summary>
    /// <param name="digest">At most 32 bytes.</param>
    /// <param name="disguised">As long; fully overwritten.</param>
    public void Disguise(ReadOnlySpan<byte> digest, Span<byte> disguised)
    {
        Span<byte> derived = stackalloc byte[KeyDerivation.KeySize];
        KeyDerivation.Expand(Span, KeyDerivation.CustomerDigestLabel, digest, derived);
        derived[..disguised.Length].CopyTo(disguised);
    }

    public void Dispose() => bytes?.Dispose();

    public override string ToString() => "***";
}
