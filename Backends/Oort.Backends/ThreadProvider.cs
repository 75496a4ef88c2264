namespace Oort.Backends;

/// <summary>Threads that a component has for itself, and how they sleep: to threads what <see cref="TimeProvider"/> is to clocks, so that a simulation can own which of them runs.</summary>
/// <remarks>
/// Thread-safe. A thread that was started here sleeps only by <see cref="Wait(object, TimeSpan)"/> and <see cref="Wait(Task)"/> of the same provider, and is woken only by
/// <see cref="Pulse"/> and <see cref="PulseAll"/>; a medium on which it blocks is not asleep. This class is the system's threads.
/// </remarks>
public class ThreadProvider
{
    protected ThreadProvider()
    {
    }

    /// <summary>The system's.</summary>
    public static ThreadProvider System { get; } = new();

    /// <summary>Starts a background thread that takes work from a queue.</summary>
    /// <param name="name">For debuggers.</param>
    /// <param name="gate">What it sleeps on when there is no work, and is pulsed when there is.</param>
    /// <param name="run">Does the work that there is. With true it sleeps for more and returns at the end, with false it returns when there is none, and is called again after a pulse. Must not throw.</param>
    public virtual void Start(string name, object gate, Action<bool> run) => Start(name, () => run(true));

    /// <summary>Starts a background thread.</summary>
    /// <param name="name">For debuggers.</param>
    /// <param name="run">All that it does; must not throw.</param>
    public virtual void Start(string name, Action run) => new Thread(() => run()) { IsBackground = true, Name = name }.Start();

    /// <summary>Lets a lock go, sleeps until it is pulsed, and takes it again.</summary>
    /// <param name="gate">A lock that the caller holds.</param>
    /// <param name="timeout">The longest sleep; <see cref="Timeout.InfiniteTimeSpan"/>: no limit.</param>
    /// <returns>False when it was not pulsed in time.</returns>
    public virtual bool Wait(object gate, TimeSpan timeout) => Monitor.Wait(gate, timeout);

    /// <summary>Sleeps until the task ends, and throws what it threw.</summary>
    public virtual void Wait(Task task) => task.GetAwaiter().GetResult();

    /// <summary>Wakes one of those who wait for a lock that the caller holds.</summary>
    public virtual void Pulse(object gate) => Monitor.Pulse(gate);

    /// <summary>Wakes all of them.</summary>
    public virtual void PulseAll(object gate) => Monitor.PulseAll(gate);
}
