using System.Collections.Immutable;

namespace Oort.Metadata.Sqlite.Writing;

/// <summary>The groups that readers may see in the database although they are not yet in the journal.</summary>
/// <remarks>
/// A group is added before its COMMIT and removed once journalled, so whoever has read it in the database and looks here afterwards finds it,
/// or it is journalled. Groups settle in order: waiting for the newest that concerns a reader is enough.
/// </remarks>
internal sealed class PendingGroups(TimeSpan waitMax, TimeProvider time)
{
    private readonly Lock gate = new();
    private ImmutableArray<CommitGroup> groups = [];

    public void Add(CommitGroup group)
    {
        lock (gate) groups = groups.Add(group);
    }

    public void Remove(CommitGroup group)
    {
        lock (gate) groups = groups.Remove(group);
        group.Settle();
    }

    /// <summary>Waits until all that concerns a scope is in the journal.</summary>
    /// <exception cref="MetadataUnavailableException">It is not after the longest wait.</exception>
    public ValueTask WaitAsync(ulong scope, CancellationToken cancellationToken)
    {
        var present = Snapshot();
        for (var i = present.Length - 1; i >= 0; i--)
            if (present[i].Scopes.Contains(scope)) return WaitForAsync(present[i], cancellationToken);
        return ValueTask.CompletedTask;
    }

    /// <summary>Waits until all that is committed now is in the journal.</summary>
    public ValueTask WaitForAllAsync(CancellationToken cancellationToken)
    {
        var present = Snapshot();
        return present.IsEmpty ? ValueTask.CompletedTask : WaitForAsync(present[^1], cancellationToken);
    }

    private ImmutableArray<CommitGroup> Snapshot()
    {
        lock (gate) return groups;
    }

    private async ValueTask WaitForAsync(CommitGroup group, CancellationToken cancellationToken)
    {
        try
        {
            await group.Settled.WaitAsync(waitMax, time, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new MetadataUnavailableException("What was read is not in the journal yet, so it could still be taken back.", e);
        }
    }
}
