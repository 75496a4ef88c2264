namespace Oort.Crypto;

/// <summary>The root: 256 bits that unlock the keyring, and say who the cluster is to its storage nodes. Prints as "***", zeroed on disposal.</summary>
public sealed class RootKey : IDisposable
{
    /// <summary>Size in bytes, in memory and in its file.</summary>
    public const int Size = 32;

    /// <summary>Bytes of <see cref="DeriveClusterSeed"/>.</summary>
    public const int ClusterSeedSize = 48;

    private readonly SecretBytes bytes;

    /// <summary>Copies <paramref name="key"/>, which the caller may then clear.</summary>
    /// <exception cref="ArgumentException">It has not <see cref="Size"/> bytes.</exception>
    public RootKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != Size) throw new ArgumentException("A root key has 32 bytes.", nameof(key));
        bytes = new(key);
    }

    internal ReadOnlySpan<byte> Span => bytes.Span;

    /// <summary>Copies the key's <see cref="Size"/> bytes, for keeping it; the caller clears them.</summary>
    public void CopyTo(Span<byte> destination) => bytes.Span.CopyTo(destination);

    /// <summary>Bytes from which the cluster's key pair is made (docs/formats/node-membership.md §2): from the root, so that the phrase alone opens the nodes that keep the keyring.</summary>
    /// <param name="destination">48 bytes; fully overwritten, and to be cleared by the caller.</param>
    public void DeriveClusterSeed(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, ClusterSeedSize);
        KeyDerivation.FromRoot(Span, [], KeyDerivation.ClusterKeyLabel, destination);
    }

    /// <summary>The key from which the secrets of join tokens are made.</summary>
    /// <param name="destination">32 bytes; fully overwritten, and to be cleared by the caller.</param>
    public void DeriveTokenKey(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, KeyDerivation.KeySize);
        KeyDerivation.FromRoot(Span, [], KeyDerivation.JoinTokenLabel, destination);
    }

    /// <summary>The 24 words of this root, to show again to someone who may see them.</summary>
    public RecoveryPhrase ToPhrase() => new(Span);

    public void Dispose() => bytes.Dispose();

    public override string ToString() => "***";
}
