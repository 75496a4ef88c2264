namespace Oort.Backends.Ipfs;

/// <summary>Several gateways, of which the first that works is enough.</summary>
internal sealed class GatewayReader(IReadOnlyList<GatewayClient> gateways) : IDisposable
{
    public bool IsEmpty => gateways.Count == 0;

    public void Dispose()
    {
        foreach (var gateway in gateways) gateway.Dispose();
    }

    /// <summary>Reads a range of a file. Where one gateway breaks off the next goes on: what was given was checked.</summary>
    /// <returns>The length of the whole file.</returns>
    /// <exception cref="BackendException">No gateway gave it (<see cref="Failures.Together"/>).</exception>
    public async ValueTask<long> ReadAsync(Cid root, long from, long to, Action<ReadOnlyMemory<byte>> sink, CancellationToken cancellationToken)
    {
        var failures = new List<BackendException>();
        foreach (var gateway in gateways)
        {
            try
            {
                return await gateway.ReadAsync(root, from, to, Give, cancellationToken);
            }
            catch (BackendException e)
            {
                failures.Add(e);
            }
        }

        throw Failures.Together(failures);

        void Give(ReadOnlyMemory<byte> run)
        {
            sink(run);
            from += run.Length;
        }
    }

    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        foreach (var gateway in gateways) await gateway.TestAsync(cancellationToken);
    }
}
