using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>How its owner describes a node when it joins. What is null is not said.</summary>
public sealed record NodeDeclaration
{
    /// <summary>HOST:PORT under which gateways reach it; null: the address by which this machine reaches the gateway, and the port it listens on.</summary>
    public string? Advertise { get; init; }

    public string? Operator { get; init; }

    /// <summary>Two capital letters (ISO 3166-1 alpha-2).</summary>
    public string? Country { get; init; }

    public string? Region { get; init; }

    public string? Network { get; init; }

    /// <summary>US dollars for a TiB and month.</summary>
    public double? PricePerTebibyteMonth { get; init; }
}

/// <summary>Of which cluster a node is a member, the file membership.json (docs/formats/node-files.md §5). Holds no secret.</summary>
internal sealed record MembershipFile
{
    public const int VersionKnown = 1;

    public int Version { get; init; } = VersionKnown;

    /// <summary>Id of the cluster's key, 64 hexadecimal digits.</summary>
    public required string Cluster { get; init; }

    public required ImmutableArray<string> Urls { get; init; }

    /// <summary>Id of the token that it joined with, 32 hexadecimal digits.</summary>
    public required string Token { get; init; }

    public required NodeDeclaration Declaration { get; init; }

    /// <summary>What a gateway said last that the node is to the cluster.</summary>
    public MembershipState State { get; init; } = MembershipState.Joining;

    public bool IsValid() => Version == VersionKnown && NodeId.TryParse(Cluster, out _) && Enum.IsDefined(State) && Declaration is not null
        && !Urls.IsDefaultOrEmpty && Urls.All(text => Uri.TryCreate(text, UriKind.Absolute, out var url) && JoinToken.IsUrl(url));
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(MembershipFile))]
internal sealed partial class MembershipFileJson : JsonSerializerContext;
