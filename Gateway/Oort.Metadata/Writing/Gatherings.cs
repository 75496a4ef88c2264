namespace Oort.Metadata.Writing;

/// <summary>Callers who are about to queue several commands, for which the writer waits so that they share a group.</summary>
/// <remarks>Thread-safe. Nobody waits for a gathering but the writer, and that for a moment only: one that takes too long costs a second group, nothing else.</remarks>
/// <param name="waitMax">The longest such wait.</param>
internal sealed class Gatherings(TimeSpan waitMax)
{
    private readonly object gate = new();
    private int count;

    /// <summary>Begins one; disposing the result ends it.</summary>
    public IDisposable Begin()
    {
        lock (gate) count++;
        return new Gathering(this);
    }

    /// <summary>Waits for the gatherings under way to end; not for others that begin in that moment. Called by the writer's thread.</summary>
    public void WaitForEnd()
    {
        lock (gate)
            if (count > 0) Monitor.Wait(gate, waitMax);
    }

    private void End()
    {
        lock (gate)
            if (--count == 0) Monitor.Pulse(gate);
    }

    private sealed class Gathering(Gatherings owner) : IDisposable
    {
        private Gatherings? owner = owner;

        public void Dispose() => Interlocked.Exchange(ref owner, null)?.End();
    }
}
