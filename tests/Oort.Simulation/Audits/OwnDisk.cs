using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Backends.Suite;
using Oort.Objects;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Audits;

/// <summary>A disk of the gateway's own machine: the product's store on a disk in memory.</summary>
internal sealed class OwnDisk(Simulator simulator, VirtualClock clock, RecordingDisk disk, int number) : IStoreEndpoint
{
    public string Location => $"own{number}";

    public ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<FoundStore?>(LocalStore.ReadIdentity(disk) is { } identity ? new(identity.Store, identity.Cluster) : null);

    public ValueTask<IStore> OpenAsync(ClusterId cluster, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IStore>(LocalStore.Open(disk, cluster, AuditCluster.StoreOptions(simulator, clock), NullLogger.Instance));

    public ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken)
    {
        LocalStore.Initialise(disk, new((UInt128)(number + 1)), cluster, clock);
        return OpenAsync(cluster, cancellationToken);
    }
}
