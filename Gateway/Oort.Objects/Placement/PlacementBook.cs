using System.Collections.Immutable;
using Oort.Metadata;

namespace Oort.Objects.Placement;

/// <summary>The placement policies that hold in this process, and how they are changed.</summary>
/// <remarks>Thread-safe. Writers of segments ask it with every object; it answers from memory. Other gateways of the cluster are heard of by <see cref="LoadAsync"/>.</remarks>
public sealed class PlacementBook : IDisposable
{
    private readonly StoreSet stores;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim changing = new(1, 1);
    private volatile State state;

    internal PlacementBook(StoreSet stores, TimeProvider time)
    {
        (this.stores, this.time) = (stores, time);
        state = State.Of(stores, PlacementDocument.Empty, time);
    }

    /// <summary>What holds now.</summary>
    public PlacementDocument Document => state.Document;

    /// <summary>How each policy does, by name.</summary>
    public ImmutableArray<PlacerStatus> Status => [.. state.Placers.Values.Select(placer => placer.Status)];

    /// <summary>Those of all policies.</summary>
    internal IEnumerable<PolicyPlacer> Placers => state.Placers.Values;

    /// <summary>Places segments of the default policy.</summary>
    internal PolicyPlacer Default => state.Default;

    /// <summary>The policy of a segment, by the name in its row.</summary>
    internal PolicyPlacer Of(string policy) => state.Of(policy);

    /// <summary>The policy of new objects.</summary>
    internal PolicyPlacer For(BucketId bucket, string storageClass)
    {
        var now = state;
        return now.Document.Assignments.IsEmpty ? now.Default : now.Of(now.Document.PolicyFor(bucket, storageClass).Name);
    }

    /// <summary>Takes over what the metadata say, if they say something newer.</summary>
    /// <returns>Whether it was.</returns>
    /// <exception cref="PlacementPolicyException">The setting cannot be read.</exception>
    public async ValueTask<bool> LoadAsync(IMetadataStore metadata, CancellationToken cancellationToken)
    {
        var stored = await ReadAsync(metadata, cancellationToken);
        if (stored.Revision <= Document.Revision) return false;
        state = State.Of(stores, stored, time);
        return true;
    }

    /// <summary>Changes the policies: durable when it returns, and in force for every segment that begins after it.</summary>
    /// <exception cref="PlacementPolicyException">The change breaks a rule; nothing has changed.</exception>
    public async ValueTask<PlacementDocument> ChangeAsync(IMetadataStore metadata, Func<PlacementDocument, PlacementDocument> change, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var before = await ReadAsync(metadata, cancellationToken);
            var after = (change(before) with { Revision = before.Revision + 1 }).Checked();
            await metadata.PutSettingAsync(PlacementDocument.SettingName, after.Encode(), CancellationToken.None);
            state = State.Of(stores, after, time);
            return after;
        }
        finally
        {
            changing.Release();
        }
    }

    public void Dispose() => changing.Dispose();

    private static async ValueTask<PlacementDocument> ReadAsync(IMetadataStore metadata, CancellationToken cancellationToken) =>
        await metadata.GetSettingAsync(PlacementDocument.SettingName, cancellationToken) is { Length: > 0 } bytes ? PlacementDocument.Decode(bytes) : PlacementDocument.Empty;

    private sealed record State(PlacementDocument Document, ImmutableSortedDictionary<string, PolicyPlacer> Placers, PolicyPlacer Default)
    {
        public static State Of(StoreSet stores, PlacementDocument document, TimeProvider time)
        {
            var placers = document.Policies.Values.ToImmutableSortedDictionary(policy => policy.Name, policy => new PolicyPlacer(stores, policy, time), StringComparer.Ordinal);
            if (!placers.TryGetValue(PlacementPolicy.DefaultName, out var first)) placers = placers.Add(PlacementPolicy.DefaultName, first = new(stores, PlacementPolicy.Default, time));
            return new(document, placers, first);
        }

        public PolicyPlacer Of(string policy) => policy.Length > 0 && Placers.TryGetValue(policy, out var placer) ? placer : Default;
    }
}
