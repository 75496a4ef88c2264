namespace Oort.Backends.Ipfs;

/// <summary>How far a pin is.</summary>
internal enum PinState
{
    Queued,
    Pinning,
    Pinned,
    Failed,
}

/// <summary>A request to a pinning service as it answers it.</summary>
/// <param name="Details">What the service adds in words; empty where it adds nothing.</param>
internal sealed record PinStatus(string RequestId, PinState State, Cid Cid, string Name, string Details);
