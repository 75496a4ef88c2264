namespace Oort.Crypto;

/// <summary>A key-encryption key of a keyring, without the key.</summary>
/// <param name="Created">When it was made; for people, nothing depends on it.</param>
public readonly record struct KeyVersion(int Version, DateTimeOffset Created);
