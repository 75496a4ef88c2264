namespace Oort.Simulation.Network;

/// <summary>Flushes of pipes that have no limit.</summary>
internal static class PipeTasks
{
    /// <summary>A flush of a pipe without a limit never waits.</summary>
    public static void ThrowIfPending(this Task flush)
    {
        if (!flush.IsCompleted) throw new InvalidOperationException("A pipe without a limit made its writer wait.");
    }
}
