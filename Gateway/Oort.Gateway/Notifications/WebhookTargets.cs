using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Identity.Model;
using Oort.Metadata;
using Oort.Objects.Events;

namespace Oort.Gateway.Notifications;

/// <summary>A webhook that an operator has declared.</summary>
/// <param name="Url">http or https.</param>
/// <param name="Secret">Signs what is sent to it.</param>
internal sealed record WebhookTarget(string Name, Uri Url, string Secret, DateTimeOffset Added)
{
    public override string ToString() => $"{Name} ({Url}), ***";
}

/// <summary>The webhooks that there are: a setting of the namespace each, whose secret is sealed under the keyring (docs/formats/webhook.md). Thread-safe.</summary>
internal sealed class WebhookTargets(IMetadataStore metadata, ISecretSeal seal, TimeProvider time)
{
    /// <summary>What names of the settings begin with.</summary>
    public const string Prefix = "webhook/";

    /// <summary>The first byte of a setting; JSON follows.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    /// <summary>More than an operator looks after by hand; each has buffers and connections of its own.</summary>
    public const int CountMax = 100;

    public const int SecretLengthMin = 16;
    public const int SecretLengthMax = 256;
    private const int UrlLengthMax = 2048;
    private const int MadeSecretBytes = 32;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true };

    public async ValueTask<WebhookTarget?> FindAsync(string name, CancellationToken cancellationToken) =>
        await metadata.GetSettingAsync(Prefix + name, cancellationToken) is { } value ? Read(name, value) : null;

    public async ValueTask<ImmutableArray<WebhookTarget>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await metadata.ListSettingsAsync(Prefix, "", CountMax, cancellationToken)).Select(setting => Read(setting.Name[Prefix.Length..], setting.Value))];

    /// <summary>Declares a webhook, or gives one that is there another URL and secret; durable when it returns.</summary>
    /// <param name="secret">Null: one is made.</param>
    /// <exception cref="ArgumentException">It breaks a rule; nothing has changed.</exception>
    public async ValueTask<WebhookTarget> AddAsync(string name, string url, string? secret, CancellationToken cancellationToken)
    {
        if (!NotificationRule.IsTargetName(name)) throw new ArgumentException("A name has 1 to 64 letters, digits, \"-\" and \"_\".");
        if (url.Length > UrlLengthMax || !Uri.TryCreate(url, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp) || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
            throw new ArgumentException($"\"{url}\" is no URL of http or https without user and fragment.");
        secret ??= Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(MadeSecretBytes));
        if (secret.Length is < SecretLengthMin or > SecretLengthMax || secret.Any(c => c is < '!' or > '~')) throw new ArgumentException($"A secret has {SecretLengthMin} to {SecretLengthMax} visible ASCII characters.");
        if ((await metadata.ListSettingsAsync(Prefix, "", CountMax, cancellationToken)) is { Length: CountMax } all && all.All(setting => setting.Name != Prefix + name)) throw new ArgumentException($"There are {CountMax} webhooks, and no more can be.");
        var target = new WebhookTarget(name, uri, secret, DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()));
        await metadata.PutSettingAsync(Prefix + name, [Version, .. JsonSerializer.SerializeToUtf8Bytes(new Stored(uri.AbsoluteUri, seal.Seal(Context(name), Encoding.UTF8.GetBytes(secret)), target.Added), json)], cancellationToken);
        return target;
    }

    /// <returns>False: there was none.</returns>
    public async ValueTask<bool> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        if (await metadata.GetSettingAsync(Prefix + name, cancellationToken) is null) return false;
        await metadata.PutSettingAsync(Prefix + name, null, cancellationToken);
        return true;
    }

    private WebhookTarget Read(string name, byte[] value)
    {
        if (value is not [Version, ..]) throw new MetadataUnavailableException($"The webhook {name} was declared by a newer version of this program, or is damaged.");
        try
        {
            var stored = JsonSerializer.Deserialize<Stored>(value.AsSpan(DocumentOffset), json) ?? throw new JsonException("It is null.");
            var secret = seal.Open(Context(name), stored.Secret) ?? throw new JsonException("Its secret cannot be opened.");
            return new(name, new(stored.Url), Encoding.UTF8.GetString(secret), stored.Added);
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException or UriFormatException)
        {
            throw new MetadataUnavailableException($"The webhook {name} cannot be read: {failure.Message}");
        }
    }

    private static byte[] Context(string name) => Encoding.UTF8.GetBytes(Prefix + name);

    /// <param name="Secret">Sealed.</param>
    private sealed record Stored(string Url, byte[] Secret, DateTimeOffset Added);
}
