namespace Oort.Benchmarks.Gateway;

/// <summary>What a load runs against: one gateway, or several with all that stands behind them.</summary>
internal interface ILoadTarget
{
    /// <summary>User and system time of its processes so far, in seconds.</summary>
    double CpuSeconds { get; }

    /// <summary>Largest resident memory of any of its processes so far, in MiB.</summary>
    long PeakMebibytes { get; }

    /// <summary>Where a connection goes.</summary>
    Uri EndpointOf(int connection);

    /// <summary>Lets the system forget what it has in memory of its files, so that they are read from the disk.</summary>
    void DropPageCache();
}
