using System.Collections.Immutable;

namespace Oort.Metadata.Writing;

/// <summary>The groups that were decided and are not yet both in the journal and in sight of the database's readers.</summary>
/// <remarks>
/// A group is added before its COMMIT and before it goes to the journal. So whoever looks here first (<see cref="FindUnstored(ulong)"/>) misses nothing that was answered,
/// and whoever has read the database and looks here afterwards (<see cref="WaitAsync"/>) finds what he read, or it is journalled.
/// Groups reach either place in order: waiting for the newest that concerns a reader is enough.
/// </remarks>
internal sealed class PendingGroups(TimeSpan waitMax, TimeProvider time)
{
    private readonly Lock gate = new();
    private ImmutableArray<CommitGroup> groups = [];

    public void Add(CommitGroup group)
    {
        lock (gate) groups = groups.Add(group);
    }

    /// <summary>The group is in the journal.</summary>
    public void EndJournalled(CommitGroup group)
    {
        group.EndJournalled();
        if (group.Stored.IsCompleted) Remove(group);
    }

    /// <summary>The groups are in sight of readers.</summary>
    public void EndStored(IEnumerable<CommitGroup> stored)
    {
        foreach (var group in stored)
        {
            group.EndStored();
            if (group.Journalled.IsCompleted) Remove(group);
        }
    }

    /// <summary>The group was rolled back before anybody was told of it.</summary>
    public void TakeBack(CommitGroup group)
    {
        Remove(group);
        group.TakeBack();
    }

    /// <summary>The newest group that concerns a scope and is not in the database for others to see.</summary>
    public CommitGroup? FindUnstored(ulong scope)
    {
        var present = Snapshot();
        for (var i = present.Length - 1; i >= 0; i--)
            if (!present[i].Stored.IsCompleted && present[i].Scopes.Contains(scope)) return present[i];
        return null;
    }

    /// <summary>The newest group that is not in the database for others to see.</summary>
    public CommitGroup? FindUnstored()
    {
        var present = Snapshot();
        return present.IsEmpty || present[^1].Stored.IsCompleted ? null : present[^1];
    }

    /// <summary>Waits until all that concerns a scope is in the journal.</summary>
    /// <exception cref="MetadataUnavailableException">It is not after the longest wait.</exception>
    public ValueTask WaitAsync(ulong scope, CancellationToken cancellationToken)
    {
        var present = Snapshot();
        for (var i = present.Length - 1; i >= 0; i--)
            if (!present[i].Journalled.IsCompleted && present[i].Scopes.Contains(scope)) return WaitForAsync(present[i].Journalled, cancellationToken);
        return ValueTask.CompletedTask;
    }

    /// <summary>Waits until all that is decided now is in the journal.</summary>
    public ValueTask WaitForAllAsync(CancellationToken cancellationToken)
    {
        var present = Snapshot();
        return present.IsEmpty ? ValueTask.CompletedTask : WaitForAsync(present[^1].Journalled, cancellationToken);
    }

    /// <summary>Waits until a group is in the journal, or in the database.</summary>
    /// <exception cref="MetadataUnavailableException">It is not after the longest wait.</exception>
    public async ValueTask WaitForAsync(Task end, CancellationToken cancellationToken)
    {
        try
        {
            await end.WaitAsync(waitMax, time, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new MetadataUnavailableException("What was read is not in journal and database yet, so it could still be taken back.", e);
        }
    }

    // Called by two threads at once, perhaps, the second of which finds nothing to remove.
    private void Remove(CommitGroup group)
    {
        lock (gate) groups = groups.Remove(group);
    }

    private ImmutableArray<CommitGroup> Snapshot()
    {
        lock (gate) return groups;
    }
}
