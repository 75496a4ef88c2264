using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Identity.Model;
using Oort.Identity.Texts;

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
        // Policies are texts in it: their quotation marks take two bytes and not six.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
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

    public string ToToken(ISecretSeal seal) => Prefix + StrictBase64Url.Encode(seal.Seal(context, Encode()));

    /// <returns>Null: this cluster has not made it.</returns>
    public static Session? Parse(string token, ISecretSeal seal)
    {
        if (!IsToken(token) || token.Length > TokenLengthMax) return null;
        return StrictBase64Url.Decode(token.AsSpan(Prefix.Length)) is { } bytes && seal.Open(context, bytes) is { } opened ? Decode(opened) : null;
    }

    /// <summary>What is sealed in the token.</summary>
    internal byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, json);

    /// <returns>Null: of a newer program, so that nobody here can say what it may do.</returns>
    internal static Session? Decode(ReadOnlySpan<byte> content)
    {
        try
        {
            return JsonSerializer.Deserialize<Session>(content, json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public override string ToString() => $"{KeyId} ***";
}
