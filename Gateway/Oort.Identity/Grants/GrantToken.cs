using System.Buffers.Binary;
using System.Collections.Immutable;
using Oort.Identity.Texts;

namespace Oort.Identity.Grants;

/// <summary>The text of a grant (docs/formats/grant.md §3).</summary>
internal static class GrantToken
{
    public const string Start = "oortg1.";
    public const int CaveatsOffset = 1;
    public const int CaveatCountMax = 8;

    /// <summary>Characters up to the token underneath.</summary>
    public const int LengthMax = 2_048;

    /// <summary>As long as those of sessions may be: headers have 32 KiB in all.</summary>
    public const int SessionTokenLengthMax = 16 * 1024;

    private const int LengthSize = 2;

    /// <exception cref="GrantException">It would be too long.</exception>
    public static string Write(ImmutableArray<byte[]> caveats, string? sessionToken)
    {
        if (caveats.Length > CaveatCountMax) throw new GrantException($"A grant is narrowed at most {CaveatCountMax} times.");
        var body = new List<byte> { (byte)caveats.Length };
        foreach (var caveat in caveats)
        {
            body.AddRange([(byte)(caveat.Length >> 8), (byte)caveat.Length]);
            body.AddRange(caveat);
        }

        var text = Start + StrictBase64Url.Encode([.. body]);
        if (text.Length > LengthMax) throw new GrantException($"The grant would have {text.Length} characters; {LengthMax} are allowed.");
        if (sessionToken is not null && !IsSessionToken(sessionToken)) throw new GrantException($"The session token of what is narrowed is none, or has more than {SessionTokenLengthMax} characters.");
        return sessionToken is null ? text : $"{text}.{sessionToken}";
    }

    /// <returns>Null: the text is no grant.</returns>
    public static (ImmutableArray<byte[]> Encoded, ImmutableArray<GrantCaveat> Caveats, string? SessionToken)? Read(string token)
    {
        if (!token.StartsWith(Start, StringComparison.Ordinal)) return null;
        var dot = token.IndexOf('.', Start.Length);
        var end = dot < 0 ? token.Length : dot;
        var sessionToken = dot < 0 ? null : token[(dot + 1)..];
        if (end > LengthMax || (sessionToken is not null && !IsSessionToken(sessionToken)) || StrictBase64Url.Decode(token.AsSpan(Start.Length, end - Start.Length)) is not [> 0 and <= CaveatCountMax, ..] body) return null;

        var rest = body.AsSpan(CaveatsOffset);
        var encoded = ImmutableArray.CreateBuilder<byte[]>();
        var caveats = ImmutableArray.CreateBuilder<GrantCaveat>();
        for (var i = 0; i < body[0]; i++)
        {
            if (rest.Length < LengthSize || rest.Length - LengthSize < BinaryPrimitives.ReadUInt16BigEndian(rest)) return null;
            var bytes = rest.Slice(LengthSize, BinaryPrimitives.ReadUInt16BigEndian(rest));
            if (GrantCaveat.Decode(bytes, out _) is not { } caveat) return null;
            encoded.Add(bytes.ToArray());
            caveats.Add(caveat);
            rest = rest[(LengthSize + bytes.Length)..];
        }

        return rest.IsEmpty ? (encoded.ToImmutable(), caveats.ToImmutable(), sessionToken) : null;
    }

    private static bool IsSessionToken(string text) => text.Length is > 0 and <= SessionTokenLengthMax && text.All(c => c is > ' ' and <= '~') && !text.StartsWith(Start, StringComparison.Ordinal);
}
