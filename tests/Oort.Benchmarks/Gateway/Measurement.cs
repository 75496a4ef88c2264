namespace Oort.Benchmarks.Gateway;

/// <summary>What one load took.</summary>
/// <param name="Bytes">Object bytes moved.</param>
/// <param name="CpuSeconds">The server's user and system time.</param>
/// <param name="P50Milliseconds">Half of the operations took at most this long.</param>
/// <param name="Refusals">Answers 503 SlowDown; those requests were sent again, and their waiting is in the latencies.</param>
/// <param name="RefusalP50Milliseconds">Half of the refusals were at the client within this, from the request's first byte; null when there was none.</param>
/// <param name="RefusalMaxMilliseconds">The longest of them.</param>
/// <param name="PeakMebibytes">The server's largest resident memory since it started.</param>
internal sealed record Measurement(
    string Name,
    int Connections,
    long Operations,
    long Bytes,
    double WallSeconds,
    double CpuSeconds,
    double P50Milliseconds,
    double P99Milliseconds,
    long Refusals,
    double? RefusalP50Milliseconds,
    double? RefusalMaxMilliseconds,
    long PeakMebibytes)
{
    public double OperationsPerSecond => Operations / WallSeconds;

    /// <summary>Null when the work was too short for the kernel's clock.</summary>
    public double? OperationsPerCoreSecond => CpuSeconds == 0 ? null : Operations / CpuSeconds;

    public double? MebibytesPerSecond => Bytes == 0 ? null : Bytes / 1048576.0 / WallSeconds;

    public double? NanosecondsPerByte => Bytes == 0 || CpuSeconds == 0 ? null : CpuSeconds * 1e9 / Bytes;
}
