using System.Text;

namespace Oort.Backends.Ipfs;

/// <summary>What a request shows to be let in. Prints as its kind alone.</summary>
public sealed record IpfsCredentials
{
    private IpfsCredentials(string scheme, string value)
    {
        // A line break would begin another header.
        if (value.Length == 0 || value.Any(c => c is < ' ' or > '~')) throw new ArgumentException("A secret for HTTP is one line of printable ASCII.", nameof(value));
        Scheme = scheme;
        Value = value;
    }

    internal string Scheme { get; }

    internal string Value { get; }

    public static IpfsCredentials Bearer(string token) => new("Bearer", token);

    public static IpfsCredentials Basic(string user, string password)
    {
        if (user.Contains(':', StringComparison.Ordinal)) throw new ArgumentException("RFC 7617 §2: a user has no colon.", nameof(user));
        return new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
    }

    public override string ToString() => $"{Scheme} ***";
}
