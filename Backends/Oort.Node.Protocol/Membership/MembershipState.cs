namespace Oort.Node.Protocol;

/// <summary>What a node is to its cluster (docs/formats/node-membership.md §6); the values are those of the wire.</summary>
public enum MembershipState : byte
{
    Joining = 1,
    Active = 2,
    Paused = 3,
    Draining = 4,
    Suspended = 5,
    Disqualified = 6,
    Removed = 7,
}
