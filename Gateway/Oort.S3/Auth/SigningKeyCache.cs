using System.Collections.Concurrent;

namespace Oort.S3;

/// <summary>Remembers derived signing keys: five HMACs saved per request.</summary>
/// <remarks>Thread-safe. Only keys that verified a signature are put in, so a stranger cannot fill it.</remarks>
internal sealed class SigningKeyCache
{
    // Access keys times regions in use within a day; when more come, the cache starts anew, which costs five HMACs for each.
    private const int CountMax = 1024;

    private readonly ConcurrentDictionary<(string AccessKeyId, string Date, string Region, string Service), SigningKey> keys = new();

    /// <summary>The key for a secret; a changed secret is noticed.</summary>
    public SigningKey Get(SignatureScope scope, string secret)
    {
        if (scope.Key is { } last && last.IsOf(secret))
            return last;
        return keys.TryGetValue((scope.AccessKeyId, scope.Date, scope.Region, scope.Service), out var key) && key.IsOf(secret) ? key : new SigningKey(secret, scope.Date, scope.Region, scope.Service);
    }

    /// <summary>Keeps a key that has verified a signature.</summary>
    public void Keep(SignatureScope scope, SigningKey key)
    {
        if (ReferenceEquals(scope.Key, key))
            return;
        scope.Key = key;
        if (keys.Count >= CountMax)
            keys.Clear();
        keys[(scope.AccessKeyId, scope.Date, scope.Region, scope.Service)] = key;
    }
}
