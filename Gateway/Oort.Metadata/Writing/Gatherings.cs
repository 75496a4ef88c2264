using Oort.Backends;

namespace Oort.Metadata.Writing;

/// <summary>What the writer's thread sleeps on: commands that come, and callers who are about to queue several, for which it waits so that they share a group.</summary>
/// <remarks>
/// Thread-safe. Nobody waits for a gathering but the writer, and that for a moment only: one that takes too long costs a second group, nothing else.
/// </remarks>
/// <param name="waitMax">The longest wait for gatherings.</param>
/// <param name="threads">Where the writer's thread is from.</param>
internal sealed class Gatherings(TimeSpan waitMax, ThreadProvider threads)
{
    private readonly object gate = new();
    private int count;
    private bool hasCommands;

    /// <summary>Begins one; disposing the result ends it.</summary>
    public IDisposable Begin()
    {
        lock (gate) count++;
        return new Gathering(this);
    }

    /// <summary>There are commands, or none will come any more.</summary>
    public void Signal()
    {
        lock (gate)
        {
            hasCommands = true;
            threads.Pulse(gate);
        }
    }

    /// <summary>Waits for <see cref="Signal"/> and takes it. Called by the writer's thread, which must look what there is: the signal may be one that came late.</summary>
    /// <param name="timeout">Longest wait; <see cref="Timeout.InfiniteTimeSpan"/>: as long as it takes.</param>
    /// <returns>False when there was none.</returns>
    public bool Wait(TimeSpan timeout)
    {
        lock (gate)
        {
            while (!hasCommands)
                if (!threads.Wait(gate, timeout) && !hasCommands) return false;
            hasCommands = false;
            return true;
        }
    }

    /// <summary>Waits for the gatherings under way to end; not for others that begin in that moment. Called by the writer's thread.</summary>
    public void WaitForEnd()
    {
        lock (gate)
            if (count > 0) threads.Wait(gate, waitMax);
    }

    private void End()
    {
        lock (gate)
            if (--count == 0) threads.Pulse(gate);
    }

    private sealed class Gathering(Gatherings owner) : IDisposable
    {
        private Gatherings? owner = owner;

        public void Dispose() => Interlocked.Exchange(ref owner, null)?.End();
    }
}
