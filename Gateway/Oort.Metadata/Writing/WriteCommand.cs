namespace Oort.Metadata.Writing;

/// <summary>A command that waits for the writer, is run by it, and is answered once its group is in the journal.</summary>
internal abstract class WriteCommand
{
    /// <summary>Its group's commit is synced to disk, and with it all before.</summary>
    public virtual bool NeedsSync => false;

    /// <summary>Its group need not be in sight of the database's readers when it is answered (see GroupWriter): a put, of which there are many.</summary>
    public virtual bool MayStoreLater => false;

    /// <summary>Checks conditions, then writes. May run again when its group is rolled back for another command's fault.</summary>
    public abstract void Execute(WriteSession session);

    /// <summary>Answers the caller with what <see cref="Execute"/> found. Of a command that may be stored later, the caller goes on in this very thread.</summary>
    public abstract void Complete();

    /// <summary>Answers the caller, who goes on in a thread of the pool, with an exception. Without effect once answered.</summary>
    public abstract void Fail(Exception exception);
}

/// <inheritdoc/>
internal class WriteCommand<TResult>(Func<WriteSession, TResult> run, bool mayStoreLater = false, bool needsSync = false) : WriteCommand
{
    // The writer and the journal pump must not run callers' code. Those of puts, which have only an answer to write, go on one after the other (see CommitGroup).
    private readonly TaskCompletionSource<TResult> completion = new(mayStoreLater ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
    private TResult? result;

    public Task<TResult> Task => completion.Task;

    public override bool NeedsSync => needsSync;

    public override bool MayStoreLater => mayStoreLater;

    public override void Execute(WriteSession session) => result = run(session);

    public override void Complete() => completion.TrySetResult(result!);

    public override void Fail(Exception exception)
    {
        if (!completion.Task.IsCompleted)
            ThreadPool.UnsafeQueueUserWorkItem(static told => told.completion.TrySetException(told.exception), (completion, exception), preferLocal: false);
    }
}

/// <summary>Makes the database file itself durable up to now, which commits alone do not: before journal records that it has are dropped.</summary>
internal sealed class SyncCommand() : WriteCommand<bool>(_ => true, needsSync: true);

/// <summary>Asks for a COMMIT of all that was decided before it. Who waits for that, waits for his group, not for this.</summary>
internal sealed class StoreCommand : WriteCommand
{
    public override void Execute(WriteSession session)
    {
    }

    public override void Complete()
    {
    }

    public override void Fail(Exception exception)
    {
    }
}
