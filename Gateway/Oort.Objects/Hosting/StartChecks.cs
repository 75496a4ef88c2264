using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>Decides from what lies where whether this is a first start, a restart, or something that must not be started.</summary>
/// <remarks>Nothing is opened or changed. Every refusal is one or two sentences that name the way out.</remarks>
internal sealed class StartChecks(string directory, DirectoryIdentity? identity, ImmutableArray<OpenedStore> found)
{
    /// <summary>What it means that a node knows the gateway and lets it do nothing: its key comes from the phrase.</summary>
    private const string OtherPhrase = " If the node is of your cluster, the recovery phrase (root key) is another cluster's.";

    /// <summary>Nothing was ever acknowledged from this directory: it is made, or its making goes on.</summary>
    public bool IsNew => (identity is null && !IsJoining) || identity is { State: DirectoryState.Creating };

    /// <summary>The metadata are in a database of several gateways.</summary>
    public bool IsShared { get; init; }

    /// <summary>The cluster whose metadata the shared database holds; null: nobody's, or it was not looked.</summary>
    public ClusterId? DatabaseCluster { get; init; }

    /// <summary>An empty data directory beside a database or stores of a cluster whose metadata are in a shared database: one more gateway.</summary>
    private bool IsJoining => identity is null && IsShared && (DatabaseCluster ?? OpenedStore.CommonCluster(found)) is not null;

    /// <summary>Who that gateway is. Nothing is written yet.</summary>
    public DirectoryIdentity Joining(Action<Span<byte>> random) => new((DatabaseCluster ?? OpenedStore.CommonCluster(found))!.Value, GatewayId.Create(random), DirectoryState.Whole, 0);

    /// <summary>The recovery itself asks.</summary>
    public bool IsRecovery { get; init; }

    /// <exception cref="StartRefusedException">It must not be started.</exception>
    public void Check()
    {
        var cluster = OpenedStore.CommonCluster(found);
        if (identity is null) CheckNew(cluster);
        else CheckExisting(identity, cluster);
        if (IsNew && found.FirstOrDefault(one => !one.IsBlank && one.Found is null) is { } unreachable)
            throw new StartRefusedException(unreachable.IsUnauthorized ? StartRefusal.WrongRoot : StartRefusal.Configuration, $"The disk {unreachable.Endpoint.Location} cannot be used: {unreachable.Failure}{(unreachable.IsUnauthorized ? OtherPhrase : "")}");
    }

    private void CheckNew(ClusterId? cluster)
    {
        if (cluster is not null && !IsShared)
            throw new StartRefusedException(StartRefusal.HalfDirectory, $"The disks hold data of cluster {cluster}, but the data directory {directory} is empty. Give its own data directory with --data, or rebuild it: oort recover --phrase-file FILE --data NEW --disk DIR...");
        if (DatabaseCluster is { } theirs && cluster is not null && cluster != theirs)
            throw new StartRefusedException(StartRefusal.OtherCluster, $"The database holds the metadata of cluster {theirs}, but the disks hold data of cluster {cluster}. Give the disks and the database of one cluster.");
        if (DatabaseCluster is { } joined && cluster is null)
            throw new StartRefusedException(StartRefusal.TooFewStores, $"The database holds the metadata of cluster {joined}, and none of its stores can be used from here{Failures()}. A gateway joins with the cluster's own recovery phrase, and with stores that it can reach: those of storage nodes, or mounted disks named with --disk.");
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
        if (known.State == DirectoryState.Whole && found.All(one => one.Found is null) && found.FirstOrDefault(one => one.IsUnauthorized) is { } closed)
            throw new StartRefusedException(StartRefusal.WrongRoot, $"None of the disks of this data directory can be used, {closed.Endpoint.Location} because: {closed.Failure}{OtherPhrase}");
        if (known.State == DirectoryState.Whole && found.All(one => one.Found is null))
            throw new StartRefusedException(StartRefusal.TooFewStores, $"None of the disks of this data directory is there ({string.Join(", ", found.Select(one => one.Endpoint.Location))}). Mount them, or name them with --disk.");
    }

    /// <summary>Why the first of those that are known cannot be used; so many that the message stays readable.</summary>
    private string Failures()
    {
        const int shownMax = 3;
        var failures = found.Where(one => one.Failure.Length > 0).Take(shownMax).Select(one => $"{one.Endpoint.Location}: {one.Failure}").ToList();
        return failures.Count == 0 ? "" : $" ({string.Join("; ", failures)})";
    }
}
