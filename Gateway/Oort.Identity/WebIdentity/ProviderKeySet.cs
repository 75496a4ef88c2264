using System.Collections.Frozen;
using System.Text.Json;

namespace Oort.Identity.WebIdentity;

/// <summary>The keys that a provider signs with (RFC 7517 §5). Immutable.</summary>
internal sealed class ProviderKeySet
{
    /// <summary>A provider has a few, while it changes them; more are no use, and each costs memory.</summary>
    public const int CountMax = 100;

    private readonly FrozenDictionary<(string Id, SignatureAlgorithm Algorithm), SignatureKey> keys;

    private ProviderKeySet(IEnumerable<SignatureKey> keys) => this.keys = keys.ToFrozenDictionary(key => (key.Id, key.Algorithm));

    /// <exception cref="FormatException">It is no set, too large, or names two keys alike.</exception>
    public static ProviderKeySet Read(JsonElement json)
    {
        if (!json.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array) throw new FormatException("has no \"keys\"");
        if (list.GetArrayLength() > CountMax) throw new FormatException($"has more than {CountMax} keys");
        try
        {
            return new(list.EnumerateArray().Select(SignatureKey.Read).OfType<SignatureKey>());
        }
        catch (ArgumentException)
        {
            throw new FormatException("has two keys of one name and kind");
        }
    }

    /// <returns>Null: there is none.</returns>
    public SignatureKey? Find(string id, SignatureAlgorithm algorithm) => keys.GetValueOrDefault((id, algorithm));
}
