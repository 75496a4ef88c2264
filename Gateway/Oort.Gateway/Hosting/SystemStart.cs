using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Crypto;
using Oort.Gateway.Networks;
using Oort.Objects;
using Oort.Objects.Budget;

namespace Oort.Gateway;

/// <summary>From options to an open object system: root key, disks, system.</summary>
public static class SystemStart
{
    /// <summary>Directories that a gateway without <c>--disk</c> has under its data directory.</summary>
    public const int DefaultDiskCount = 6;

    /// <summary>Name of the root key's file in the data directory.</summary>
    public const string RootKeyFileName = "root.key";
    private const int PhraseFileSizeMax = 4096;

    /// <summary>Opens the system of a data directory; makes it all at the first start.</summary>
    /// <param name="root">Must live as long as the system.</param>
    /// <param name="nodes">Where storage nodes are found; must outlive the system.</param>
    /// <param name="buffers">The process's, of the size that the options say; null: the system makes them.</param>
    /// <param name="runWorkers">False for offline verbs: nothing is repaired, collected or scrubbed in the background.</param>
    /// <exception cref="ConfigurationException">It cannot be opened as configured.</exception>
    public static async Task<IObjectSystem> OpenAsync(GatewayOptions options, DataDirectory directory, RootKey root, ILoggerFactory loggers, NodeEndpoints nodes, bool runWorkers, CancellationToken cancellationToken, BufferPool? buffers = null)
    {
        try
        {
            var system = SystemOptions(options, directory.FullPath);
            system = system with { RunWorkers = runWorkers, Locate = nodes.Locate, Objects = system.Objects with { Buffers = buffers } };
            return await ObjectSystem.OpenAsync(system, Disks(options, directory.FullPath, loggers), root, TimeProvider.System, loggers, cancellationToken);
        }
        catch (StartRefusedException e)
        {
            throw new ConfigurationException(e.Message);
        }
    }

    /// <summary>Makes the keys with names that the options want and that are not there.</summary>
    /// <exception cref="ConfigurationException">One cannot be made now.</exception>
    public static async Task MakeKeysAsync(GatewayOptions options, IObjectSystem system, CancellationToken cancellationToken)
    {
        var wanted = options.KmsDefaultKey is { } standard ? options.KmsKeys.Add(standard) : options.KmsKeys;
        foreach (var name in wanted.Distinct())
        {
            if (await system.Objects.Keys.HasNamedAsync(name, cancellationToken)) continue;
            try
            {
                await system.CreateNamedKeyAsync(name, cancellationToken);
            }
            catch (KeyChangeException e)
            {
                // Another gateway may have made it at this moment.
                if (!await system.Objects.Keys.HasNamedAsync(name, cancellationToken)) throw new ConfigurationException($"The key \"{name}\" could not be made: {e.Message}");
            }
        }
    }

    /// <summary>A disk that joins later.</summary>
    public static IStoreEndpoint OpenDisk(string path, ILoggerFactory loggers) => new LocalDiskEndpoint(path, new LocalStoreOptions(), TimeProvider.System, loggers);

    /// <summary>The disks of the options, or the default ones: those are made with the directory, so a directory without any of them, whose stores are all on nodes, gets none later.</summary>
    public static IReadOnlyList<IStoreEndpoint> Disks(GatewayOptions options, string dataDirectory, ILoggerFactory loggers)
    {
        var defaults = Path.Combine(dataDirectory, "disks");
        if (options.Disks.IsEmpty && !Directory.Exists(defaults) && File.Exists(Path.Combine(dataDirectory, "identity"))) return [];
        IEnumerable<string> paths = options.Disks.IsEmpty
            ? Enumerable.Range(1, DefaultDiskCount).Select(i => Path.Combine(defaults, "disk" + i.ToString(CultureInfo.InvariantCulture)))
            : options.Disks;
        return [.. paths.Select(path => OpenDisk(path, loggers))];
    }

    /// <summary>The buffers of a process: its connections' and its objects'.</summary>
    public static BufferPool Buffers(GatewayOptions options) => new(new MemoryBudget(options.BufferMebibytes * 1024L * 1024, TimeProvider.System));

    public static ObjectSystemOptions SystemOptions(GatewayOptions options, string dataDirectory) => new()
    {
        DataDirectory = dataDirectory,
        MetadataDatabase = options.Metadata?.Reveal(),
        AbandonedUploadAge = options.UploadExpiry,
        StopTimeout = options.ShutdownTimeout,
        AreStoresDefault = options.Disks.IsEmpty,
        DrillInterval = options.DrillEvery,
        Tiering = new() { DayLength = options.DayLength },
        Networks = new() { Factory = new NetworkFactory(TimeProvider.System, new Random()) },
        Cache = options.CacheDirectory is { } cache ? new() { Directory = cache, SizeMax = options.CacheBytes, IncludesOwnDisks = options.CachesOwnDisks } : null,
        Objects = new ObjectLayerOptions { BufferBytes = options.BufferMebibytes * 1024L * 1024, DefaultKey = options.KmsDefaultKey ?? "" },
    };

    /// <summary>Reads 24 words from a file.</summary>
    /// <exception cref="ConfigurationException">Not there, or not a phrase.</exception>
    public static RecoveryPhrase ReadPhrase(string file)
    {
        string text;
        try
        {
            if (new FileInfo(file).Length > PhraseFileSizeMax) throw new ConfigurationException($"{file} is too large to be a recovery phrase.");
            text = File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The recovery phrase cannot be read: {e.Message}");
        }

        return RecoveryPhrase.TryParse(text, out var phrase, out var error) ? phrase : throw new ConfigurationException($"{file} does not hold a recovery phrase: {error}");
    }

    /// <summary>Keeps the root in the data directory, so that the gateway restarts unattended. One that is there already stays.</summary>
    public static void KeepRoot(RootKey root, string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, RootKeyFileName);
        if (!File.Exists(path)) RootKeyFile.Save(path, root);
    }

    /// <summary>The root key: from the phrase file, else from the data directory, else, for a new cluster, made, shown and kept there.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, or is needed to join a cluster.</exception>
    public static async Task<RootKey> LoadRootAsync(GatewayOptions options, string dataDirectory, TextWriter announcement, CancellationToken cancellationToken)
    {
        if (options.RecoveryPhraseFile is { } file)
        {
            using var given = ReadPhrase(file);
            return given.DeriveRoot();
        }

        var path = Path.Combine(dataDirectory, RootKeyFileName);
        try
        {
            if (File.Exists(path)) return RootKeyFile.Load(path);
        }
        catch (IOException e)
        {
            throw new ConfigurationException($"{path} cannot be used ({e.Message}); give the recovery phrase with --recovery-phrase-file FILE.");
        }

        if (File.Exists(Path.Combine(dataDirectory, "identity")))
            throw new ConfigurationException($"{path} is gone: give the recovery phrase with --recovery-phrase-file FILE.");

        try
        {
            if (options.Metadata is { } database && await SharedDatabase.FindAsync(database.Reveal(), cancellationToken) is { } theirs)
                throw new ConfigurationException($"The database holds the metadata of cluster {theirs.Cluster}: a gateway joins it with that cluster's recovery phrase, --recovery-phrase-file FILE, or with a copy of its {RootKeyFileName} in {dataDirectory}.");
        }
        catch (StartRefusedException e)
        {
            throw new ConfigurationException(e.Message);
        }

        // Shown before it is kept: a crash between leaves a phrase that nothing depends on, never a key whose phrase nobody saw.
        using var made = RecoveryPhrase.Generate();
        Announcement.WritePhrase(announcement, made.Words);
        var root = made.DeriveRoot();
        KeepRoot(root, dataDirectory);
        return root;
    }
}
