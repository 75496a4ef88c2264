using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Identity.Model;

namespace Oort.Identity.Sessions;

/// <summary>Who has a session.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SessionKind>))]
public enum SessionKind
{
    /// <summary>The root of an account.</summary>
    Root,

    User,

    /// <summary>Whoever assumed a role.</summary>
    Role,
}

/// <summary>A temporary credential: all that is known of it is in its token, sealed under the keys of the cluster, so that every gateway knows it and none keeps it (docs/formats/session-token.md).</summary>
/// <param name="KeyId">Its access key.</param>
/// <param name="Account">Number of the account.</param>
/// <param name="Holder">Id of the user or role; empty for a root. It, and not a name, decides whether it is still there.</param>
/// <param name="HolderName">Of the user or role, in small letters; empty for a root.</param>
/// <param name="Name">Of the session of a role; else empty.</param>
public sealed record Session(string KeyId, string Secret, SessionKind Kind, string Account, string Holder, string HolderName, string Name, DateTimeOffset Issued, DateTimeOffset Expires)
{
    /// <summary>A token that is longer is none: headers have 32 KiB in all.</summary>
    public const int TokenLengthMax = 16 * 1024;

    private const string Prefix = "oorts1.";

    private static readonly byte[] context = "oort session v1"u8.ToArray();

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>What it can be allowed at most: each of these.</summary>
    public ImmutableArray<PolicySource> Policies { get; init; } = [];

    /// <summary>ARNs of managed policies of which one must allow what it does; empty: they limit nothing.</summary>
    public ImmutableArray<string> PolicyArns { get; init; } = [];

    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Who he is where he comes from; null: nobody said.</summary>
    public string? SourceIdentity { get; init; }

    /// <summary>ARN of who vouched for him; null: he had keys.</summary>
    public string? Provider { get; init; }

    /// <summary>Whether a text may be a token of this kind.</summary>
    public static bool IsToken(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    public string ToToken(ISecretSeal seal) => Prefix + System.Buffers.Text.Base64Url.EncodeToString(seal.Seal(context, JsonSerializer.SerializeToUtf8Bytes(this, json)));

    /// <returns>Null: this cluster has not made it.</returns>
    public static Session? Parse(string token, ISecretSeal seal)
    {
        if (!IsToken(token) || token.Length > TokenLengthMax) return null;
        var text = token.AsSpan(Prefix.Length);
        if (!System.Buffers.Text.Base64Url.IsValid(text, out var size)) return null;
        var bytes = new byte[size];
        // What decodes to the same bytes but is written otherwise is none: one session has one token.
        if (System.Buffers.Text.Base64Url.DecodeFromChars(text, bytes, out _, out var count) != System.Buffers.OperationStatus.Done || !System.Buffers.Text.Base64Url.EncodeToString(bytes.AsSpan(0, count)).AsSpan().SequenceEqual(text)) return null;
        try
        {
            return seal.Open(context, bytes.AsSpan(0, count)) is { } opened ? JsonSerializer.Deserialize<Session>(opened, json) : null;
        }
        catch (JsonException)
        {
            // Of a newer program: nobody here can say what it may do.
            return null;
        }
    }

    public override string ToString() => $"{KeyId} ***";
}
