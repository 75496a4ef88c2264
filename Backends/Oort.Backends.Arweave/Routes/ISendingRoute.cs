namespace Oort.Backends.Arweave.Routes;

/// <summary>One way for an item to Arweave: from its planning until the network says that it is stored.</summary>
internal interface ISendingRoute
{
    string Location { get; }

    /// <summary>Longest item in bytes.</summary>
    long ItemLengthMax { get; }

    /// <summary>Below it, what is charged for each item is more than what is charged for its bytes.</summary>
    long BundleBelow { get; }

    /// <summary>Hosts that items are sent to: what they serve proves nothing.</summary>
    IReadOnlySet<string> Authorities { get; }

    /// <summary>A step from Planned, Uploading, Accepted or Pending.</summary>
    ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken);

    /// <summary>Whether the network still says of an item that is confirmed that it is.</summary>
    ValueTask<bool> IsConfirmedAsync(NetworkItem item, CancellationToken cancellationToken);

    /// <summary>Since when the network has said so.</summary>
    DateTimeOffset ConfirmedSince(NetworkItem item);

    /// <summary>A part of an item that the network cannot foresee, proven; null where this way has no proof of parts, or nobody who can be asked here gives one.</summary>
    ValueTask<NetworkEvidence?> SampleAsync(NetworkItem item, CancellationToken cancellationToken);

    /// <summary>Bytes at most that a sample reads of an item.</summary>
    long SampleBytes { get; }

    /// <summary>What so many bytes cost now, in winston.</summary>
    ValueTask<UInt128> GetPriceAsync(long length, CancellationToken cancellationToken);

    ValueTask<NetworkAccount> GetAccountAsync(CancellationToken cancellationToken);

    ValueTask TestAsync(CancellationToken cancellationToken);
}
