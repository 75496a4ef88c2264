using System.Collections.Concurrent;

namespace Oort.S3;

/// <summary>Remembers derived signing keys: four HMACs saved per request.</summary>
/// <remarks>Thread-safe. Only keys that verified a signature are put in, so a stranger cannot fill it.</remarks>
internal sealed class SigningKeyCache
{
    // Access keys times regions in use within a day; when more come, the cache starts anew, which costs four HMACs for each.
    private const int CountMax = 1024;

    private readonly ConcurrentDictionary<(string AccessKeyId, string Date, string Region), (string Secret, byte[] Key)> keys = new();

    /// <summary>The key for a secret; a changed secret is noticed.</summary>
    public byte[] Get(string accessKeyId, string secret, string date, string region) =>
        keys.TryGetValue((accessKeyId, date, region), out var entry) && entry.Secret == secret ? entry.Key : SigV4.DeriveKey(secret, date, region);

    public void Keep(string accessKeyId, string secret, string date, string region, byte[] key)
    {
        if (keys.TryGetValue((accessKeyId, date, region), out var entry) && ReferenceEquals(entry.Key, key))
            return;
        if (keys.Count >= CountMax)
            keys.Clear();
        keys[(accessKeyId, date, region)] = (secret, key);
    }
}
