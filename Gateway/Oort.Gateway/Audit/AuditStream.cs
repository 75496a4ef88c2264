namespace Oort.Gateway.Audit;

/// <summary>The audit log on standard output: whoever reads it keeps it.</summary>
internal sealed class AuditStream(Stream stream) : IAuditSink
{
    public void Write(ReadOnlySpan<byte> lines)
    {
        stream.Write(lines);
        stream.Flush();
    }

    public void Sync()
    {
    }

    public void Reopen()
    {
    }

    public void Dispose() => stream.Dispose();
}
