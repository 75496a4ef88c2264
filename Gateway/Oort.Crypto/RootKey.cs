namespace Oort.Crypto;

/// <summary>The root: 256 bits that unlock the keyring and do nothing else. Prints as "***", zeroed on disposal.</summary>
public sealed class RootKey : IDisposable
{
    /// <summary>Size in bytes, in memory and in its file.</summary>
    public const int Size = 32;

    private readonly SecretBytes bytes;

    /// <summary>Copies <paramref name="key"/>, which the caller may then clear.</summary>
    /// <exception cref="ArgumentException">It has not <see cref="Size"/> bytes.</exception>
    public RootKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != Size) throw new ArgumentException("A root key has 32 bytes.", nameof(key));
        bytes = new(key);
    }

    internal ReadOnlySpan<byte> Span => bytes.Span;

    /// <summary>Writes the root to a new file that only its owner can read; durable, with its name, when it returns.</summary>
    /// <exception cref="IOException">The file exists already (a root is never written over), or cannot be written.</exception>
    public void Save(string path) => RootKeyFile.Write(path, Span);

    /// <summary>Reads a file that <see cref="Save"/> wrote.</summary>
    /// <exception cref="IOException">It is not there, cannot be read, has another length, or others than its owner may read it.</exception>
    public static RootKey Load(string path) => RootKeyFile.Read(path);

    /// <summary>The 24 words of this root, to show again to someone who may see them.</summary>
    public RecoveryPhrase ToPhrase() => new(Span);

    public void Dispose() => bytes.Dispose();

    public override string ToString() => "***";
}
