using System.Collections.Immutable;
using Oort.Backends.Suite;
using Oort.Objects;
using Oort.Objects.Audits;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Audits;

/// <summary>How large a cluster is, and how its gateway runs.</summary>
/// <param name="OwnDisks">Stores of the gateway's machine: trusted, and not audited.</param>
/// <param name="Nodes">Storage nodes, which are.</param>
/// <param name="Segments">Each has a shard on as many stores as the geometry says.</param>
internal sealed record AuditShape(int OwnDisks, int Nodes, int Segments, Func<ObjectSystemOptions, ObjectSystemOptions> Adjust);

/// <summary>A cluster with data on its disks, made once: each run begins with a copy.</summary>
internal sealed class AuditImage : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-audits-");

    private AuditImage(AuditShape shape) => Shape = shape;

    public AuditShape Shape { get; }

    /// <summary>The gateway's directory and those of the nodes.</summary>
    public string Folder => folder.FullName;

    public ImmutableArray<RecordingDisk> OwnDisks { get; private set; }

    public ImmutableArray<RecordingDisk> NodeDisks { get; private set; }

    /// <summary>Stores objects of a hundred bytes, each in a segment of its own, and enrols the nodes, which begin to be vetted.</summary>
    public static async Task<AuditImage> MakeAsync(AuditShape shape)
    {
        var image = new AuditImage(shape);
        using var simulator = new Simulator(1);
        using var cluster = new AuditCluster(simulator, shape, null);
        await simulator.RunAsync(async () =>
        {
            await cluster.StartAsync();
            await cluster.FillAsync();
            foreach (var node in cluster.Nodes) await cluster.System.Reputations.EnrolAsync(node.Store!.Id, isVetted: false, CancellationToken.None);
            await cluster.StopAsync();
        });
        Copy(cluster.Folder, image.Folder);
        image.OwnDisks = [.. cluster.OwnDisks.Select(disk => disk.Copy())];
        image.NodeDisks = [.. cluster.Nodes.Select(node => node.Disk.Medium.Copy())];
        return image;
    }

    /// <summary>Copies directories of machines that are not written to any more; the locks that they hold stay behind.</summary>
    public static void Copy(string from, string to)
    {
        foreach (var path in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(path) == "lock") continue;
            var target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }

    public void Dispose() => folder.Delete(recursive: true);
}
