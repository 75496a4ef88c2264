using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Oort.Identity.Model;

/// <summary>Something of an account that has a name of its own.</summary>
/// <param name="Account">Number of the account.</param>
/// <param name="Id">Unique for ever, also when the name is given again.</param>
/// <param name="Path">Begins and ends with a slash.</param>
/// <param name="Name">Unique in the account and among its kind, whatever the case of its letters.</param>
public abstract record Entity(string Account, string Id, string Path, string Name, DateTimeOffset Created)
{
    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>What it is called in an ARN.</summary>
    protected abstract string Kind { get; }

    /// <summary>With its path and without the slash in front.</summary>
    [JsonIgnore]
    public string FullName => $"{Path[1..]}{Name}";

    [JsonIgnore]
    public string Arn => Access.Arn.OfIam(Account, $"{Kind}/{FullName}").ToString();
}

/// <summary>Somebody who signs with keys of his own.</summary>
public sealed record User(string Account, string Id, string Path, string Name, DateTimeOffset Created) : Entity(Account, Id, Path, Name, Created)
{
    public Permissions Permissions { get; init; } = Permissions.None;

    public ImmutableArray<AccessKey> Keys { get; init; } = [];

    /// <summary>Ids of the groups that he is in.</summary>
    public ImmutableSortedSet<string> Groups { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Sessions that he began before then are no longer let in; null: all are.</summary>
    public DateTimeOffset? SessionsFrom { get; init; }

    protected override string Kind => "user";
}

/// <summary>Users who have some policies in common.</summary>
public sealed record Group(string Account, string Id, string Path, string Name, DateTimeOffset Created) : Entity(Account, Id, Path, Name, Created)
{
    public Permissions Permissions { get; init; } = Permissions.None;

    protected override string Kind => "group";
}

/// <summary>What somebody may be for a while, if its trust policy lets him.</summary>
public sealed record Role(string Account, string Id, string Path, string Name, DateTimeOffset Created) : Entity(Account, Id, Path, Name, Created)
{
    public const int SessionSecondsDefault = 3_600;

    public Permissions Permissions { get; init; } = Permissions.None;

    /// <summary>Who may assume it.</summary>
    public required PolicySource Trust { get; init; }

    public string? Description { get; init; }

    /// <summary>How long a session lasts at most, in seconds.</summary>
    public int SessionSecondsMax { get; init; } = SessionSecondsDefault;

    /// <summary>Sessions that began before then are no longer let in; null: all are.</summary>
    public DateTimeOffset? SessionsFrom { get; init; }

    protected override string Kind => "role";
}

/// <summary>One wording of a managed policy.</summary>
/// <param name="Id">v1, v2, …</param>
public sealed record PolicyVersion(string Id, PolicySource Source, DateTimeOffset Created);

/// <summary>A policy that is attached to several.</summary>
public sealed record ManagedPolicy(string Account, string Id, string Path, string Name, DateTimeOffset Created) : Entity(Account, Id, Path, Name, Created)
{
    /// <summary>As in AWS: old ones are deleted first.</summary>
    public const int VersionCountMax = 5;

    public string? Description { get; init; }

    public DateTimeOffset Updated { get; init; }

    /// <summary>Id of the one that holds.</summary>
    public required string DefaultVersion { get; init; }

    /// <summary>Oldest first.</summary>
    public required ImmutableArray<PolicyVersion> Versions { get; init; }

    /// <summary>Number that the next version gets.</summary>
    public int NextVersion { get; init; } = 2;

    [JsonIgnore]
    public PolicySource Source => Versions.First(version => version.Id == DefaultVersion).Source;

    protected override string Kind => "policy";
}

/// <summary>Somebody else who says who people are (OpenID Connect).</summary>
/// <param name="Name">Its URL without the scheme, as its ARN has it.</param>
public sealed record OidcProvider(string Account, string Id, string Path, string Name, DateTimeOffset Created) : Entity(Account, Id, Path, Name, Created)
{
    /// <summary>As it calls itself in tokens (<c>iss</c>).</summary>
    public required string Url { get; init; }

    /// <summary>For whom its tokens are made (<c>aud</c>).</summary>
    public ImmutableArray<string> ClientIds { get; init; } = [];

    /// <summary>Kept for whoever asks; TLS is checked against the roots of trust of the machine.</summary>
    public ImmutableArray<string> Thumbprints { get; init; } = [];

    protected override string Kind => "oidc-provider";
}
