namespace Oort.Cli;

/// <summary>What the process ends with; documented in README.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The gateway refused, or something was found: fsck findings, a request that failed.</summary>
    public const int Failed = 1;

    /// <summary>Options, environment or files cannot be used as they are.</summary>
    public const int Configuration = 2;

    public const int Interrupted = 130;
}
