using System.Buffers.Binary;

namespace Oort.Metadata.Sqlite;

/// <summary>Leases of an engine that one process has to itself: kept in memory, as nobody else could hold one, with tokens that go on growing over restarts.</summary>
/// <remarks>Thread-safe. The upper half of a token counts the runs in which a lease was taken, and is stored before the first one is given; the lower half counts within the run.</remarks>
internal sealed class LocalLeases(IMetadataStore store, TimeProvider time) : IDisposable
{
    private const string SettingName = "lease-runs";
    private const int RunShift = 32;

    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Dictionary<string, Held> held = new(StringComparer.Ordinal);
    private ulong newest;

    public async ValueTask<Lease?> TryTakeAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (held.TryGetValue(name, out var present) && present.Lease.Holder != holder && !HasEnded(present)) return null;
            if (newest == 0) newest = await CountRunAsync(cancellationToken);
            var lease = new Lease(name, holder, ++newest);
            held[name] = new(lease, time.GetTimestamp(), duration);
            return lease;
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask<bool> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!held.TryGetValue(lease.Name, out var present) || present.Lease != lease) return false;
            held[lease.Name] = new(lease, time.GetTimestamp(), duration);
            return true;
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (held.TryGetValue(lease.Name, out var present) && present.Lease == lease) held.Remove(lease.Name);
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    private bool HasEnded(Held one) => time.GetElapsedTime(one.Since) >= one.Duration;

    private async ValueTask<ulong> CountRunAsync(CancellationToken cancellationToken)
    {
        var stored = await store.GetSettingAsync(SettingName, cancellationToken);
        var run = (stored is { Length: sizeof(uint) } ? BinaryPrimitives.ReadUInt32BigEndian(stored) : 0) + 1;
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, run);
        await store.PutSettingAsync(SettingName, bytes, cancellationToken);
        return (ulong)run << RunShift;
    }

    private readonly record struct Held(Lease Lease, long Since, TimeSpan Duration);
}
