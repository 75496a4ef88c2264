namespace Oort.Node.Protocol;

/// <summary>Bounds, paths and labels of membership; docs/formats/node-membership.md has the reasons.</summary>
public static class MembershipLimits
{
    /// <summary>Path at a gateway under which nodes join.</summary>
    public const string JoinPath = "/_oort/node/v1/join";

    /// <summary>Path at a gateway that takes heartbeats.</summary>
    public const string HeartbeatPath = "/_oort/node/v1/heartbeat";

    /// <summary>Largest message either way, in bytes.</summary>
    public const int MessageSizeMax = 4096;

    /// <summary>Longest operator, region or network, in characters.</summary>
    public const int NameLengthMax = 64;

    /// <summary>Longest address, in characters: a DNS name, a colon and a port.</summary>
    public const int AddressLengthMax = 260;

    /// <summary>Longest text for people, in bytes of UTF-8.</summary>
    public const int TextSizeMax = 512;

    /// <summary>Damaged shards that one heartbeat names: they fit beside all else, and the next one names others.</summary>
    public const int BadShardCountMax = 16;

    /// <summary>Time between two heartbeats.</summary>
    public static TimeSpan HeartbeatInterval { get; } = TimeSpan.FromSeconds(15);

    /// <summary>A node that was not heard of for so long is shown as silent.</summary>
    public static TimeSpan SilenceMax { get; } = TimeSpan.FromSeconds(60);

    /// <summary>A difference of clocks above this is told.</summary>
    public static TimeSpan ClockSkewTold { get; } = TimeSpan.FromSeconds(5);

    /// <summary>A difference of clocks above this pauses the node while it lasts.</summary>
    public static TimeSpan ClockSkewMax { get; } = TimeSpan.FromMinutes(10);
}
