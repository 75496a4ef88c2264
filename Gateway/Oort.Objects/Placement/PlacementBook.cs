using System.Collections.Immutable;
using System.Globalization;
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
        var stored = Decode(await metadata.GetSettingAsync(PlacementDocument.SettingName, cancellationToken));
        if (stored.Revision <= Document.Revision) return false;
        state = State.Of(stores, stored, time);
        return true;
    }

    /// <summary>Changes the policies: durable when it returns, and in force for every segment that begins after it.</summary>
    /// <param name="revision">The revision that the change was made for; null: whichever there is.</param>
    /// <exception cref="PlacementConflictException">There is another revision, or another gateway changes the policies at this moment.</exception>
    /// <exception cref="PlacementPolicyException">The change breaks a rule; nothing has changed.</exception>
    public async ValueTask<PlacementDocument> ChangeAsync(IMetadataStore metadata, Func<PlacementDocument, PlacementDocument> change, CancellationToken cancellationToken, long? revision = null)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var stored = await metadata.GetSettingAsync(PlacementDocument.SettingName, cancellationToken);
            var before = Decode(stored);
            if (revision is { } wanted && wanted != before.Revision)
                throw new PlacementConflictException(string.Create(CultureInfo.InvariantCulture, $"The placement policies are at revision {before.Revision}, and the change was made for revision {wanted}. Look at them, and try again."));
            var after = (change(before) with { Revision = before.Revision + 1 }).Checked();
            if (!await metadata.ReplaceSettingAsync(PlacementDocument.SettingName, stored, after.Encode(), CancellationToken.None))
                throw new PlacementConflictException(string.Create(CultureInfo.InvariantCulture, $"The placement policies of revision {before.Revision} were changed through another gateway at the same moment. Look at them, and try again."));
            state = State.Of(stores, after, time);
            return after;
        }
        finally
        {
            changing.Release();
        }
    }

    public void Dispose() => changing.Dispose();

    private static PlacementDocument Decode(byte[]? stored) => stored is { Length: > 0 } ? PlacementDocument.Decode(stored) : PlacementDocument.Empty;

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
