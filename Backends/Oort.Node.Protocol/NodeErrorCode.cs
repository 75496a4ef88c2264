using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Oort.Node.Protocol;

/// <summary>Why a node did not do what it was asked; the numbers go into batches (docs/formats/node-protocol.md §8).</summary>
public enum NodeErrorCode
{
    /// <summary>Done. Only in batches.</summary>
    None = 0,

    /// <summary>There is no such shard, blob or log.</summary>
    NotFound = 1,

    /// <summary>May work when tried again.</summary>
    Transient = 2,

    /// <summary>Too much at once: nothing was done; later.</summary>
    Throttled = 3,

    /// <summary>Needs an operator: the disk is gone, or another one is there.</summary>
    Permanent = 4,

    /// <summary>The bytes on the node's disk are not those that were put.</summary>
    Corrupt = 5,

    /// <summary>No space.</summary>
    Full = 6,

    /// <summary>The node takes no writes; reads go on.</summary>
    ReadOnly = 7,

    /// <summary>The caller's id is not one that this node serves.</summary>
    Unauthorized = 8,

    /// <summary>The request breaks the protocol.</summary>
    BadRequest = 9,

    /// <summary>The body is not the one its checksum is of, or ended early. Nothing was done.</summary>
    BadBody = 10,

    /// <summary>A log or blob is not in the state that the caller took it to be in. Nothing was done; the answer has the state.</summary>
    Conflict = 11,

    /// <summary>The node holds another store than the one that the caller means.</summary>
    OtherStore = 12,

    /// <summary>The node has no store yet.</summary>
    NoStore = 13,

    /// <summary>No such upload: never begun, given up, expired, or from before a restart.</summary>
    UnknownUpload = 14,

    /// <summary>More bytes than the protocol allows there.</summary>
    TooLarge = 15,

    /// <summary>There is no such path in this version.</summary>
    UnknownPath = 16,
}

/// <summary>What the codes are called in the header <see cref="NodeHeaders.Error"/>, and with which HTTP status they go.</summary>
public static class NodeErrors
{
    private static readonly (NodeErrorCode Code, string Name, int Status)[] s_all =
    [
        (NodeErrorCode.NotFound, "not-found", 404),
        (NodeErrorCode.Transient, "transient", 500),
        (NodeErrorCode.Throttled, "throttled", 503),
        (NodeErrorCode.Permanent, "permanent", 502),
        (NodeErrorCode.Corrupt, "corrupt", 500),
        (NodeErrorCode.Full, "full", 507),
        (NodeErrorCode.ReadOnly, "read-only", 423),
        (NodeErrorCode.Unauthorized, "unauthorized", 403),
        (NodeErrorCode.BadRequest, "bad-request", 400),
        (NodeErrorCode.BadBody, "bad-body", 422),
        (NodeErrorCode.Conflict, "conflict", 409),
        (NodeErrorCode.OtherStore, "other-store", 421),
        (NodeErrorCode.NoStore, "no-store", 409),
        (NodeErrorCode.UnknownUpload, "unknown-upload", 404),
        (NodeErrorCode.TooLarge, "too-large", 413),
        (NodeErrorCode.UnknownPath, "unknown-path", 404),
    ];

    private static readonly FrozenDictionary<string, NodeErrorCode> s_byName = s_all.ToFrozenDictionary(row => row.Name, row => row.Code);

    /// <summary>All codes with their names and HTTP statuses.</summary>
    public static IReadOnlyList<(NodeErrorCode Code, string Name, int Status)> All => s_all;

    public static string NameOf(NodeErrorCode code) => Row(code).Name;

    public static int StatusOf(NodeErrorCode code) => Row(code).Status;

    public static bool TryParse([NotNullWhen(true)] string? name, out NodeErrorCode code)
    {
        code = NodeErrorCode.None;
        return name is not null && s_byName.TryGetValue(name, out code);
    }

    private static (NodeErrorCode Code, string Name, int Status) Row(NodeErrorCode code)
    {
        foreach (var row in s_all)
        {
            if (row.Code == code)
                return row;
        }

        throw new ArgumentOutOfRangeException(nameof(code), code, "It is no error.");
    }
}
