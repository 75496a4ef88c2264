namespace Oort.Metadata.Sqlite.Writing;

/// <summary>Commands that were decided in one transaction, on their way to the journal.</summary>
/// <param name="entry">What goes to the journal; null when no command changed anything: then the group only waits for those before it.</param>
/// <param name="scopes">What it touches; not changed any more.</param>
internal sealed class CommitGroup(IReadOnlyList<WriteCommand> commands, JournalEntry? entry, IReadOnlySet<ulong> scopes)
{
    private readonly TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JournalEntry? Entry => entry;

    public IReadOnlySet<ulong> Scopes => scopes;

    /// <summary>Ends when the group is in the journal, or has been rolled back and never was.</summary>
    public Task Settled => settled.Task;

    public void Settle() => settled.TrySetResult();

    public void Complete()
    {
        foreach (var command in commands) command.Complete();
    }

    public void Fail(Exception exception)
    {
        foreach (var command in commands) command.Fail(exception);
    }
}
