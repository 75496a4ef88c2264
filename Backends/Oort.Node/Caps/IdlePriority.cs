using System.Globalization;
using System.Runtime.InteropServices;

namespace Oort.Node;

/// <summary>Puts the process behind everything else on the machine: idle class of the I/O scheduler, lowest CPU priority. Threads made later inherit both.</summary>
internal static partial class IdlePriority
{
    private const int Lowest = 19;
    private const int PrioProcess = 0;

    // linux/ioprio.h: a class in the upper bits, for one thread.
    private const int WhoProcess = 1;
    private const int IdleClass = 3 << 13;

    /// <summary>Of ioprio_set(2); −1 where it is not known.</summary>
    private static int CallNumber => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 251,
        Architecture.Arm64 => 30,
        _ => -1,
    };

    /// <summary>Sets both for the thread that calls, as far as that can be done.</summary>
    public static void SetThread()
    {
        if (!OperatingSystem.IsLinux()) return;
        _ = setpriority(PrioProcess, 0, Lowest);
        if (CallNumber >= 0) _ = syscall(CallNumber, WhoProcess, 0, IdleClass);
    }

    /// <summary>Sets both for every thread there is.</summary>
    /// <returns>Null, or why it could not be done.</returns>
    public static string? Set()
    {
        if (!OperatingSystem.IsLinux()) return "Idle priority is known on Linux only.";
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task").Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)))
        {
            if (setpriority(PrioProcess, thread, Lowest) != 0) return $"The CPU priority could not be set: {Marshal.GetLastPInvokeErrorMessage()}";
            if (CallNumber < 0) return "The number of the call that sets the I/O priority is not known for this processor.";
            if (syscall(CallNumber, WhoProcess, thread, IdleClass) != 0) return $"The I/O priority could not be set: {Marshal.GetLastPInvokeErrorMessage()}";
        }

        return null;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setpriority(int which, int who, int priority);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, nint which, nint who, nint priority);
}
