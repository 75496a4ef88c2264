namespace Oort.Gateway.Audit;

/// <summary>Where lines of the audit log go. Used by one thread at a time.</summary>
internal interface IAuditSink : IDisposable
{
    /// <summary>Writes whole lines.</summary>
    /// <exception cref="IOException">Nothing of them counts; the same call is made again.</exception>
    void Write(ReadOnlySpan<byte> lines);

    /// <summary>Makes durable what was written.</summary>
    /// <exception cref="IOException">It may not be.</exception>
    void Sync();

    /// <summary>Somebody has moved the file away: what comes next goes into a new one of its name.</summary>
    void Reopen();
}
