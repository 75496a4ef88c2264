using System.Threading.Channels;
using Oort.Backends;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Writing;

/// <summary>Commands that wait for the writer.</summary>
internal sealed class CommandQueue(int lengthMax, int groupMax, TimeSpan roomWaitMax, TimeSpan gatherWaitMax, ThreadProvider threads, TimeProvider time)
{
    private readonly Channel<WriteCommand> queue = Channel.CreateBounded<WriteCommand>(new BoundedChannelOptions(lengthMax) { SingleReader = true });

    /// <summary>Callers whose commands shall share a group.</summary>
    public Gatherings Gatherings { get; } = new(gatherWaitMax, threads);

    /// <param name="cancellationToken">Honoured only until the command is queued: afterwards it takes effect whether anyone waits or not.</param>
    public async ValueTask EnqueueAsync(WriteCommand command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (queue.Writer.TryWrite(command)) return;
        using var limit = new CancellationTokenSource(roomWaitMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await queue.Writer.WriteAsync(command, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MetadataUnavailableException("The metadata writer is behind; nothing was changed.", e);
        }
        catch (ChannelClosedException e)
        {
            throw new MetadataUnavailableException("The metadata engine has been stopped; nothing was changed.", e);
        }
    }

    /// <summary>Waits for commands and takes all that wait, up to a group; false when no more will come.</summary>
    public bool Take(List<WriteCommand> commands)
    {
        commands.Clear();
        var some = queue.Reader.WaitToReadAsync().AsTask();
        threads.Wait(some);
        if (!some.Result) return false;
        Gatherings.WaitForEnd();
        while (commands.Count < groupMax && queue.Reader.TryRead(out var command)) commands.Add(command);
        return true;
    }

    public void Close() => queue.Writer.TryComplete();
}
