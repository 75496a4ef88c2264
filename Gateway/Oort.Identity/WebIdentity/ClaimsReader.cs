using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Oort.Identity.WebIdentity;

/// <summary>Reads and checks the claims of a token whose signature is right (OpenID Connect Core 1.0 §2, §3.1.3.7).</summary>
internal static class ClaimsReader
{
    /// <summary>By how much the provider's clock may differ from this one.</summary>
    private static readonly TimeSpan leeway = TimeSpan.FromSeconds(60);

    /// <summary>OpenID Connect Core 1.0 §2.</summary>
    private const int SubjectLengthMax = 255;

    private const string TagsClaim = "https://aws.amazon.com/tags";

    // STS API: AssumeRole, "Tags.member.N", "TransitiveTagKeys.member.N".
    private const int TagCountMax = 50;
    private const int TagKeyLengthMax = 128;
    private const int TagValueLengthMax = 256;

    /// <exception cref="WebIdentityException">A claim is not as it must be.</exception>
    public static WebIdentityClaims Read(JsonElement claims, WebIdentityProvider provider, DateTimeOffset now)
    {
        try
        {
            if (claims.Text("iss") != provider.Issuer) throw WebIdentityException.Invalid($"The token is not {provider.Issuer}'s.");
            var (audiences, party) = Audience(claims, provider);
            var expiresAt = Times(claims, now);
            var subject = claims.Text("sub");
            if (subject is not { Length: > 0 and <= SubjectLengthMax } || subject.Any(char.IsControl)) throw WebIdentityException.Rejected($"The token has no \"sub\" of 1 to {SubjectLengthMax} characters.");
            var (tags, transitive) = Tags(claims);
            var texts = claims.EnumerateObject().Where(claim => claim.Value.ValueKind == JsonValueKind.String).ToFrozenDictionary(claim => claim.Name, claim => claim.Value.GetString()!, StringComparer.Ordinal);
            return new(provider.Issuer, subject, audiences, party, [.. claims.Texts("amr", takesOne: false) ?? []], tags, transitive, texts, expiresAt);
        }
        catch (FormatException e)
        {
            throw WebIdentityException.Rejected($"The token {e.Message}.");
        }
    }

    /// <summary>All audiences must be known to the account, and one of several must be named as the one that the token was given to.</summary>
    private static (ImmutableArray<string> Audiences, string? Party) Audience(JsonElement claims, WebIdentityProvider provider)
    {
        var audiences = claims.Texts("aud", takesOne: true) ?? [];
        if (audiences.Length == 0 || !Array.TrueForAll(audiences, provider.Audiences.Contains)) throw WebIdentityException.Invalid("The token is for an audience that is not registered with the provider.");
        var party = claims.Text("azp");
        if (party is null && audiences.Length > 1) throw WebIdentityException.Rejected("The token has several audiences and does not say which of them it was given to (\"azp\").");
        if (party is not null && !provider.Audiences.Contains(party)) throw WebIdentityException.Rejected("The token was given to somebody (\"azp\") who is not registered with the provider.");
        return ([.. audiences], party);
    }

    private static DateTimeOffset Times(JsonElement claims, DateTimeOffset now)
    {
        var expiresAt = Time(claims, "exp") ?? throw WebIdentityException.Rejected("The token never expires.");
        var issuedAt = Time(claims, "iat") ?? throw WebIdentityException.Rejected("The token does not say when it was issued.");
        if (now - expiresAt >= leeway) throw new WebIdentityException(WebIdentityError.ExpiredToken, "The token has expired.");
        if (issuedAt - now > leeway || Time(claims, "nbf") - now > leeway) throw WebIdentityException.Rejected("The token is not valid yet.");
        return expiresAt;
    }

    /// <summary>Seconds since 1970, with or without a fraction (RFC 7519 §2: NumericDate).</summary>
    private static DateTimeOffset? Time(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out var found)) return null;
        if (found.ValueKind != JsonValueKind.Number || !found.TryGetDecimal(out var seconds) || seconds < 0 || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds()) throw new FormatException($"has a \"{name}\" that is no time");
        return DateTimeOffset.FromUnixTimeSeconds((long)seconds);
    }

    private static (FrozenDictionary<string, string> Tags, ImmutableArray<string> Transitive) Tags(JsonElement claims)
    {
        if (!claims.TryGetProperty(TagsClaim, out var given)) return (FrozenDictionary<string, string>.Empty, []);
        if (given.ValueKind != JsonValueKind.Object) throw new FormatException("has tags that are none");
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        if (given.TryGetProperty("principal_tags", out var list))
        {
            if (list.ValueKind != JsonValueKind.Object || list.EnumerateObject().Count() > TagCountMax) throw new FormatException($"has no object of at most {TagCountMax} tags");
            foreach (var tag in list.EnumerateObject())
            {
                if (list.Texts(tag.Name, takesOne: true) is not [{ Length: <= TagValueLengthMax } value] || tag.Name.Length is 0 or > TagKeyLengthMax) throw new FormatException("has a tag that is not one text");
                tags.Add(tag.Name, value);
            }
        }

        var transitive = given.Texts("transitive_tag_keys", takesOne: false) ?? [];
        if (!Array.TrueForAll(transitive, tags.ContainsKey)) throw new FormatException("passes on a tag that it does not have");
        // To policies, keys in another case are the same key.
        if (tags.Keys.Distinct(StringComparer.OrdinalIgnoreCase).Count() != tags.Count) throw new FormatException("has a tag twice");
        return (tags.ToFrozenDictionary(StringComparer.Ordinal), [.. transitive.Distinct(StringComparer.Ordinal)]);
    }
}
