using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>Decides from what lies where whether this is a first start, a restart, or something that must not be started.</summary>
/// <remarks>Nothing is opened or changed. Every refusal is one or two sentences that name the way out.</remarks>
internal sealed class StartChecks(string directory, DirectoryIdentity? identity, ImmutableArray<OpenedStore> found)
{
    /// <summary>Nothing was ever acknowledged from this directory: it is made, or its making goes on.</summary>
    public bool IsNew => (identity is null && !IsJoining) || identity is { State: DirectoryState.Creating };

    /// <summary>The metadata are in a database of several gateways.</summary>
    public bool IsShared { get; init; }

    /// <summary>An empty data directory beside stores of a cluster whose metadata are in a shared database: one more gateway.</summary>
    private bool IsJoining => identity is null && IsShared && OpenedStore.CommonCluster(found) is not null;

    /// <summary>Who that gateway is. Nothing is written yet.</summary>
    public DirectoryIdentity Joining() => new(OpenedStore.CommonCluster(found)!.Value, GatewayId.Create(), DirectoryState.Whole, 0);

    /// <summary>The recovery itself asks.</summary>
    public bool IsRecovery { get; init; }

    /// <exception cref="StartRefusedException">It must not be started.</exception>
    public void Check()
    {
        var cluster = OpenedStore.CommonCluster(found);
        if (identity is null) CheckNew(cluster);
        else CheckExisting(identity, cluster);
        if (IsNew && found.FirstOrDefault(one => !one.IsBlank && one.Found is null) is { } unreachable)
            throw new StartRefusedException(StartRefusal.Configuration, $"The disk {unreachable.Endpoint.Location} cannot be used: {unreachable.Failure}");
    }

    private void CheckNew(ClusterId? cluster)
    {
        if (cluster is not null && !IsShared)
            throw new StartRefusedException(StartRefusal.HalfDirectory, $"The disks hold data of cluster {cluster}, but the data directory {directory} is empty. Give its own data directory with --data, or rebuild it: oort recover --phrase-file FILE --data NEW --disk DIR...");
        foreach (var name in new[] { DirectoryIdentity.DatabaseFileName, DirectoryIdentity.KeyringFileName })
            if (File.Exists(Path.Combine(directory, name)))
                throw new StartRefusedException(StartRefusal.HalfDirectory, $"The data directory {directory} has a file {name} but no file {DirectoryIdentity.FileName}: it is half of one. Put the file back, or rebuild the directory with oort recover.");
    }

    private void CheckExisting(DirectoryIdentity known, ClusterId? cluster)
    {
        if (cluster is { } other && other != known.Cluster)
            throw new StartRefusedException(StartRefusal.OtherCluster, $"The data directory {directory} belongs to cluster {known.Cluster}, but {found.First(one => one.Found?.Cluster == other).Endpoint.Location} to cluster {other}. Give the disks that belong to it.");
        if (known.State == DirectoryState.Recovering && !IsRecovery)
            throw new StartRefusedException(StartRefusal.HalfDirectory, $"A recovery into {directory} was not finished; start it again with the same options: oort recover.");
        if (known.State == DirectoryState.Whole && found.All(one => one.Found is null))
            throw new StartRefusedException(StartRefusal.TooFewStores, $"None of the disks of this data directory is there ({string.Join(", ", found.Select(one => one.Endpoint.Location))}). Mount them, or name them with --disk.");
    }
}
