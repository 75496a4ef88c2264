using System.Collections.Immutable;
using System.Text.Json;
using Oort.Metadata;
using Oort.Objects.Events;

namespace Oort.Gateway.Notifications;

/// <summary>An event that was given up.</summary>
/// <param name="Id">Generation and place.</param>
/// <param name="Event">The message, as it would have been sent.</param>
internal sealed record DeadLetter(string Target, string Id, int Attempts, string Reason, DateTimeOffset GivenUp, JsonElement Event);

/// <summary>Events that were given up: kept until an operator sends them again or drops them (docs/formats/event.md). Thread-safe.</summary>
internal sealed class DeadLetters(IMetadataStore metadata, EventQueue queue)
{
    /// <summary>What names of the settings begin with; then as those of events that wait.</summary>
    public const string Prefix = "event-dead/";

    /// <summary>The first byte of a setting; JSON follows.</summary>
    public const byte Version = 1;

    private const int PageSize = 500;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web);

    /// <summary>The setting of an event that is given up now.</summary>
    public static (string Name, byte[] Value) Of(WaitingEvent waiting, string reason, DateTimeOffset now)
    {
        // Of one that cannot be read, the bytes themselves are kept, so that a newer program can still send it.
        var stored = new Stored(waiting.Attempts, reason, now, waiting.Value);
        return (Prefix + waiting.Name[EventQueue.Prefix.Length..], [Version, .. JsonSerializer.SerializeToUtf8Bytes(stored, json)]);
    }

    /// <summary>How many there are of a target.</summary>
    public async ValueTask<int> CountAsync(string target, CancellationToken cancellationToken) => (await NamesAsync(target, int.MaxValue, cancellationToken)).Count;

    /// <summary>The oldest of a target; null: there is none.</summary>
    public async ValueTask<string?> OldestAsync(string target, CancellationToken cancellationToken) => (await NamesAsync(target, 1, cancellationToken)).FirstOrDefault();

    /// <summary>Some of a target, oldest first, after an id.</summary>
    public async ValueTask<ImmutableArray<DeadLetter>> ListAsync(string target, string after, int limit, CancellationToken cancellationToken)
    {
        var prefix = Prefix + target + "/";
        var page = await metadata.ListSettingsAsync(prefix, prefix + after, limit, cancellationToken);
        return [.. page.Select(setting => Read(target, setting.Name[prefix.Length..], setting.Value))];
    }

    /// <summary>Lets events wait again, as if they had just been queued.</summary>
    /// <param name="id">Null: all of the target.</param>
    /// <returns>How many.</returns>
    public async ValueTask<int> RetryAsync(string target, string? id, CancellationToken cancellationToken)
    {
        var count = await EachAsync(target, id, (name, value) => [(name, null), (EventQueue.Prefix + name[Prefix.Length..], Open(value).Event)], cancellationToken);
        queue.Wake();
        return count;
    }

    /// <summary>Forgets events.</summary>
    /// <param name="id">Null: all of the target.</param>
    /// <returns>How many.</returns>
    public ValueTask<int> DropAsync(string target, string? id, CancellationToken cancellationToken) => EachAsync(target, id, (name, _) => [(name, null)], cancellationToken);

    private async ValueTask<int> EachAsync(string target, string? id, Func<string, byte[], (string Name, byte[]? Value)[]> change, CancellationToken cancellationToken)
    {
        var prefix = Prefix + target + "/";
        if (id is not null)
        {
            if (await metadata.GetSettingAsync(prefix + id, cancellationToken) is not { } value) return 0;
            var changes = change(prefix + id, value);
            return await metadata.ReplaceSettingsAsync(changes[0].Name, value, changes[0].Value, changes[1..], CancellationToken.None) ? 1 : 0;
        }

        var count = 0;
        while (true)
        {
            // What was changed is not there any more: the next page is the first again.
            var page = await metadata.ListSettingsAsync(prefix, "", PageSize, cancellationToken);
            if (page.IsEmpty) return count;
            var changes = page.SelectMany(setting => change(setting.Name, setting.Value)).ToArray();
            if (await metadata.ReplaceSettingsAsync(changes[0].Name, page[0].Value, changes[0].Value, changes[1..], CancellationToken.None)) count += page.Length;
        }
    }

    private async ValueTask<List<string>> NamesAsync(string target, int limit, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        for (var after = ""; names.Count < limit;)
        {
            var page = await metadata.ListSettingsAsync(Prefix + target + "/", after, Math.Min(PageSize, limit - names.Count), cancellationToken);
            if (page.IsEmpty) break;
            names.AddRange(page.Select(setting => setting.Name));
            after = names[^1];
        }

        return names;
    }

    private static DeadLetter Read(string target, string id, byte[] value)
    {
        var stored = Open(value);
        JsonElement message;
        try
        {
            message = JsonSerializer.Deserialize<JsonElement>(EventQueue.MessageOf(stored.Event).Span);
        }
        catch (Exception failure) when (failure is JsonException or FormatException)
        {
            message = JsonSerializer.SerializeToElement(new { unreadable = failure.Message });
        }

        return new(target, id, stored.Attempts, stored.Reason, stored.GivenUp, message);
    }

    private static Stored Open(byte[] value)
    {
        if (value is not [Version, ..]) throw new MetadataUnavailableException("A given-up event was written by a newer version of this program, or is damaged.");
        try
        {
            return JsonSerializer.Deserialize<Stored>(value.AsSpan(1), json) ?? throw new JsonException("It is null.");
        }
        catch (JsonException failure)
        {
            throw new MetadataUnavailableException($"A given-up event cannot be read: {failure.Message}");
        }
    }

    /// <param name="Event">Its setting's bytes, as they were.</param>
    private sealed record Stored(int Attempts, string Reason, DateTimeOffset GivenUp, byte[] Event);
}
