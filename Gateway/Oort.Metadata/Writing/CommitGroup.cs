namespace Oort.Metadata.Writing;

/// <summary>Commands that were decided together, on their way to the journal and into the database.</summary>
/// <param name="entry">What goes to the journal; null when no command changed anything: then the group only waits for those before it.</param>
/// <param name="scopes">What it touches; not changed any more.</param>
/// <param name="decided">Versions that it puts, by the scope of their keys, as far as readers can be given them before they are in the database.</param>
internal sealed class CommitGroup(
    IReadOnlyList<WriteCommand> commands, JournalEntry? entry, IReadOnlySet<ulong> scopes, IReadOnlyDictionary<ulong, FoundVersion>? decided = null)
{
    /// <summary>Callers answered one after the other: enough to spare most changes of threads, and few enough to leave work for other cores.</summary>
    private const int AnswersAtOnce = 8;

    private readonly TaskCompletionSource journalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource stored = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JournalEntry? Entry => entry;

    public IReadOnlySet<ulong> Scopes => scopes;

    /// <summary>Ends when the group is in the journal, or has been rolled back and never was.</summary>
    public Task Journalled => journalled.Task;

    /// <summary>Ends when other connections see the group in the database, or it has been rolled back.</summary>
    public Task Stored => stored.Task;

    /// <summary>It was rolled back before it went to the journal: nothing of it holds.</summary>
    public bool IsTakenBack { get; private set; }

    public void TakeBack()
    {
        IsTakenBack = true;
        EndJournalled();
        EndStored();
    }

    public void EndJournalled() => journalled.TrySetResult();

    public void EndStored() => stored.TrySetResult();

    /// <summary>The version of a key that this group put, if it is at hand.</summary>
    public FoundVersion? Decided(ulong scope, BucketId bucket, string key) =>
        decided is not null && decided.TryGetValue(scope, out var found) && found.Version.Bucket == bucket && found.Version.Key == key ? found : null;

    /// <summary>Answers all callers, some of them in each of a few threads of the pool: one for each caller costs a put more than its answer does.</summary>
    public void Complete()
    {
        for (var first = 0; first < commands.Count; first += AnswersAtOnce)
            ThreadPool.UnsafeQueueUserWorkItem(new Answers(commands, first), preferLocal: false);
    }

    public void Fail(Exception exception)
    {
        foreach (var command in commands) command.Fail(exception);
    }

    private sealed class Answers(IReadOnlyList<WriteCommand> commands, int first) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            for (var i = first; i < Math.Min(first + AnswersAtOnce, commands.Count); i++) commands[i].Complete();
        }
    }
}
