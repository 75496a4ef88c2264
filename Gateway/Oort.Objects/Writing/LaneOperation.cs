namespace Oort.Objects.Writing;

/// <summary>One operation on all lanes of a segment, under way or ended.</summary>
/// <param name="tasks">One a lane, as <see cref="ShardLane"/> returns them.</param>
/// <param name="started">Timestamp of the start.</param>
internal sealed class LaneOperation(Task<long>[] tasks, long started)
{
    public Task<long>[] Tasks { get; } = tasks;

    public long Started { get; } = started;

    /// <summary>Ends when every lane's operation has, also those that were given up: until then the stores may use its buffers.</summary>
    public Task All { get; } = Array.TrueForAll(tasks, task => task.IsCompleted) ? Task.CompletedTask : Task.WhenAll(tasks);

    /// <summary>Ends when one more lane's operation has ended; at the latest with <see cref="All"/>.</summary>
    public Task NextAsync()
    {
        // Looked at once: between two looks the last ones may end.
        var pending = Array.FindAll(Tasks, task => !task.IsCompleted);
        return pending.Length == 0 ? All : Task.WhenAny(pending);
    }

    /// <summary>Timestamps of the lanes that have done it.</summary>
    public List<long> DoneTimes()
    {
        var done = new List<long>(Tasks.Length);
        foreach (var task in Tasks)
            if (task.IsCompletedSuccessfully && task.Result != ShardLane.NotDone) done.Add(task.Result);
        return done;
    }
}
