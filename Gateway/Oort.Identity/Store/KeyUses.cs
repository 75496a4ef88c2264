using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Metadata;

namespace Oort.Identity.Store;

/// <summary>When a key last signed a request, and for which service.</summary>
public sealed record KeyUse(DateTimeOffset At, string Service, string Region);

/// <summary>Remembers when keys were last used: at once in memory, every few minutes in the settings (docs/formats/identities.md). Thread-safe.</summary>
/// <remarks>Nothing waits for it, and a crash loses up to a quarter of an hour.</remarks>
public sealed class KeyUses(IMetadataStore metadata, TimeProvider time)
{
    internal const string Prefix = "iam-used/";
    internal const byte Version = 1;

    private static readonly TimeSpan noteInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan keepInterval = TimeSpan.FromMinutes(15);
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true };

    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>Notes a use; costs a look into a table as a rule.</summary>
    public void Note(string keyId, string service, string region)
    {
        var now = time.GetUtcNow();
        if (entries.TryGetValue(keyId, out var known) && now - known.Last.At < noteInterval && known.Last.Service == service) return;
        entries[keyId] = new(new(DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()), service, region), known?.Kept ?? DateTimeOffset.MinValue);
    }

    /// <returns>Null: it has not been used.</returns>
    /// <exception cref="MetadataUnavailableException">It cannot be read now.</exception>
    public async ValueTask<KeyUse?> FindAsync(string keyId, CancellationToken cancellationToken)
    {
        var here = entries.GetValueOrDefault(keyId)?.Last;
        var kept = Decode(await metadata.GetSettingAsync(Prefix + keyId, cancellationToken));
        return here is null || kept?.At > here.At ? kept : here;
    }

    /// <summary>Writes down what is new enough to be worth it.</summary>
    /// <exception cref="MetadataUnavailableException">It cannot be written now.</exception>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, entry) in entries)
        {
            if (entry.Last.At - entry.Kept < keepInterval) continue;
            await metadata.PutSettingAsync(Prefix + id, [Version, .. JsonSerializer.SerializeToUtf8Bytes(entry.Last, json)], cancellationToken);
            entries.TryUpdate(id, entry with { Kept = entry.Last.At }, entry);
        }
    }

    /// <summary>Forgets a key that is gone.</summary>
    public async ValueTask ForgetAsync(string keyId, CancellationToken cancellationToken)
    {
        entries.TryRemove(keyId, out _);
        if (await metadata.GetSettingAsync(Prefix + keyId, cancellationToken) is not null) await metadata.PutSettingAsync(Prefix + keyId, null, cancellationToken);
    }

    /// <summary>What cannot be read is as if it were not there: it is only for looking at.</summary>
    private static KeyUse? Decode(byte[]? setting)
    {
        if (setting is not [Version, ..]) return null;
        try
        {
            return JsonSerializer.Deserialize<KeyUse>(setting.AsSpan(1), json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Entry(KeyUse Last, DateTimeOffset Kept);
}
