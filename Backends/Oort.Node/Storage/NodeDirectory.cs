using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>A node's directory (docs/formats/node-files.md): key, state, and the folder of its store. Held by one process at a time.</summary>
/// <remarks>Thread-safe. What it is told to remember is durable when the call returns.</remarks>
internal sealed class NodeDirectory : IDisposable
{
    public const string KeyFile = "node.key";
    public const string StateFile = "node.json";
    public const string MembershipFileName = "membership.json";
    public const string CapsFile = "caps.json";
    public const string LeaveFileName = "leave";
    public const string StoreFolder = "store";

    private const string LockFile = "lock";
    private const int StateSizeMax = 1 << 20;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly PosixDisk _disk;
    private readonly IDisposable _held;
    private readonly Func<string, IDisk> _openDisk;
    private readonly Lock _lock = new();
    private NodeState _state;
    private MembershipFile? _membership;

    private NodeDirectory(PosixDisk disk, IDisposable held, NodeIdentity identity, NodeState state, MembershipFile? membership, bool isNew, Func<string, IDisk> openDisk)
    {
        (_disk, _held, Identity, _state, _membership, IsNew, _openDisk) = (disk, held, identity, state, membership, isNew, openDisk);
    }

    public string Location => _disk.Location;

    public string StorePath => Path.Combine(_disk.Location, StoreFolder);

    public NodeIdentity Identity { get; }

    /// <summary>The key was made just now.</summary>
    public bool IsNew { get; }

    public NodeState State
    {
        get
        {
            lock (_lock)
                return _state;
        }
    }

    /// <summary>Of which cluster it is a member; null: of none.</summary>
    public MembershipFile? Membership
    {
        get
        {
            lock (_lock)
                return _membership;
        }
    }

    /// <summary>Its owner wants it back.</summary>
    public bool IsLeaving => _disk.Exists(LeaveFileName);

    /// <summary>Opens a directory; makes one where there is none, or an empty one. The key is written last, so that a crash before leaves a directory that this can be repeated on.</summary>
    /// <param name="openDisk">Opens the disk that its store is on, by the path of the folder; null: the folder itself.</param>
    /// <exception cref="NodeStartException">It cannot be used; says why and what to do.</exception>
    public static NodeDirectory Open(string path, Func<string, IDisk>? openDisk = null)
    {
        var full = Path.GetFullPath(path);
        IDisposable? held = null;
        try
        {
            if (!OperatingSystem.IsWindows()) Directory.CreateDirectory(full, OwnerOnly | UnixFileMode.UserExecute);
            else Directory.CreateDirectory(full);
            var disk = new PosixDisk(full);
            held = Hold(disk);
            var isNew = !disk.Exists(KeyFile);
            if (isNew) ThrowIfNotOurs(disk);
            var state = ReadState(disk);
            if (isNew && state is not null)
                throw new NodeStartException($"{full} is half of a node: it has {StateFile} and no {KeyFile}. Bring the key back; without it nobody takes this for the node that it was.");
            disk.CreateFolder(StoreFolder);
            if (isNew) WriteKey(disk);
            disk.SyncFolder("");
            return new(disk, held, ReadKey(disk), state ?? new NodeState(), ReadMembership(disk), isNew, openDisk ?? (static folder => new PosixDisk(folder)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DiskException or NodeStartException)
        {
            held?.Dispose();
            throw e as NodeStartException ?? new NodeStartException($"The node's directory {full} cannot be used ({e.Message}); choose another with --data DIR.", e);
        }
    }

    /// <summary>Looks what is on the disk.</summary>
    /// <returns>Its store; null when there is none.</returns>
    /// <exception cref="NodeStartException">It is not the store that this node began.</exception>
    public async Task<StoreIdentity?> FindStoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = await Task.Run(() => LocalStore.ReadIdentity(OpenStoreDisk()), cancellationToken);
            if (found is null || found.Store.ToString() == State.Store) return found;
            throw new NodeStartException(State.Store is null
                ? $"{StorePath} holds a store ({found.Store}) that this node has not begun: it is a gateway's disk, or another node's. Give the node a directory of its own with --data DIR."
                : $"{StorePath} holds store {found.Store}, and this node's is {State.Store}: another disk is mounted there. Mount the right one.");
        }
        catch (BackendException e)
        {
            throw new NodeStartException($"{StorePath} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The disk that its store is on. Blocks.</summary>
    /// <exception cref="BackendException">Kind Permanent: it cannot be looked at.</exception>
    public IDisk OpenStoreDisk()
    {
        try
        {
            return _openDisk(StorePath);
        }
        catch (DiskException e)
        {
            throw new BackendException(BackendErrorKind.Permanent, e.Message, e);
        }
    }

    /// <summary>Remembers, before it is made, that a new store begins.</summary>
    public void BeginStore(StoreId id, ClusterId cluster) =>
        Change(state => state with { Store = id.ToString(), Cluster = cluster.ToString(), Generation = state.Generation + 1 });

    /// <summary>Remembers a gateway cluster that may use this node.</summary>
    /// <returns>False: it was known.</returns>
    public bool Allow(NodeId gateway)
    {
        if (State.Gateways.Contains(gateway.ToString())) return false;
        Change(state => state with { Gateways = state.Gateways.Add(gateway.ToString()) });
        return true;
    }

    /// <summary>Remembers what its owner gives from now on, where that is said, and adds what was said before.</summary>
    /// <returns>Options in which nothing is left to be asked: null is no cap.</returns>
    /// <exception cref="NodeStartException">What was remembered cannot be read, or this could not be.</exception>
    public NodeOptions RememberCaps(NodeOptions options)
    {
        try
        {
            var before = ReadCaps(_disk) ?? new();
            var caps = before.With(options);
            if (caps != before) Write(_disk, CapsFile, JsonSerializer.SerializeToUtf8Bytes(caps, OwnersCapsJson.Default.OwnersCaps));
            return caps.Apply(options);
        }
        catch (DiskException e)
        {
            throw new NodeStartException($"The node's directory {_disk.Location} cannot be used ({e.Message}); choose another with --data DIR.", e);
        }
    }

    /// <summary>Remembers of which cluster it is a member, and what it is to it.</summary>
    /// <exception cref="BackendException">It could not be remembered.</exception>
    public void Remember(MembershipFile membership)
    {
        lock (_lock)
        {
            WriteState(MembershipFileName, JsonSerializer.SerializeToUtf8Bytes(membership, MembershipFileJson.Default.MembershipFile));
            _membership = membership;
        }
    }

    /// <summary>A node that joins anew does not want to leave.</summary>
    /// <exception cref="BackendException">It could not be forgotten.</exception>
    public void ForgetLeaving()
    {
        try
        {
            if (!_disk.Exists(LeaveFileName)) return;
            _disk.Delete(LeaveFileName);
            _disk.SyncFolder("");
        }
        catch (DiskException e)
        {
            throw new BackendException(BackendErrorKind.Permanent, e.Message, e);
        }
    }

    /// <summary>Notes in a node's directory, whichever process holds it, that its owner wants it back; the node sees it at its next heartbeat.</summary>
    /// <returns>What the cluster last said that the node is to it.</returns>
    /// <exception cref="NodeStartException">There is no node that is a member of a cluster.</exception>
    public static MembershipState AskToLeave(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            if (!Directory.Exists(full)) throw new NodeStartException($"There is no node in {full}; name its directory with --data DIR.");
            var disk = new PosixDisk(full);
            var membership = ReadMembership(disk) ?? throw new NodeStartException($"The node in {full} is a member of no cluster; there is nothing to leave.");
            if (!disk.Exists(LeaveFileName)) Write(disk, LeaveFileName, []);
            return membership.State;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DiskException)
        {
            throw new NodeStartException($"The node's directory {full} cannot be used ({e.Message}).", e);
        }
    }

    public void Dispose()
    {
        Identity.Dispose();
        _held.Dispose();
    }

    private static IDisposable Hold(PosixDisk disk)
    {
        try
        {
            return disk.Lock(LockFile);
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.Locked)
        {
            throw new NodeStartException($"{disk.Location} is in use by another oort process; stop that one or choose another with --data DIR.", e);
        }
    }

    private static void ThrowIfNotOurs(PosixDisk disk)
    {
        // A key that was being written when the machine stopped is one that nobody knows.
        string[] ours = [LockFile, StoreFolder, StateFile, KeyFile + ".new", "lost+found"];
        if (disk.List("").FirstOrDefault(name => !ours.Contains(name)) is { } foreign)
            throw new NodeStartException($"{disk.Location} holds something else (it has '{foreign}'); a node begins in an empty directory: choose another with --data DIR.");
    }

    private static void WriteKey(PosixDisk disk)
    {
        using var identity = NodeIdentity.Create();
        var key = identity.ExportPrivateKey();
        try
        {
            Write(disk, KeyFile, key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static NodeIdentity ReadKey(PosixDisk disk)
    {
        var path = Path.Combine(disk.Location, KeyFile);
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
            throw new NodeStartException($"{path} holds the node's key and others than its owner may use it; run: chmod 600 {path}");
        var bytes = new byte[NodeIdentity.PrivateKeySizeMax];
        try
        {
            using var file = disk.Open(KeyFile, DiskOpen.Read);
            return NodeIdentity.Import(bytes.AsSpan(0, file.Read(0, bytes)));
        }
        catch (CryptographicException e)
        {
            throw new NodeStartException($"{path} is not a node's key ({e.Message}); bring the right one back.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static NodeState? ReadState(PosixDisk disk) =>
        ReadJson(disk, StateFile, bytes => JsonSerializer.Deserialize(bytes, NodeStateJson.Default.NodeState) is { } state && state.IsValid() ? state : null, "");

    private static MembershipFile? ReadMembership(PosixDisk disk) =>
        ReadJson(disk, MembershipFileName, bytes => JsonSerializer.Deserialize(bytes, MembershipFileJson.Default.MembershipFile) is { } membership && membership.IsValid() ? membership : null,
            " Delete it, and join again with another token: the node stays who it is.");

    private static OwnersCaps? ReadCaps(PosixDisk disk) =>
        ReadJson(disk, CapsFile, bytes => JsonSerializer.Deserialize(bytes, OwnersCapsJson.Default.OwnersCaps) is { } caps && caps.IsValid() ? caps : null,
            " Delete it, and start the node with --space, --bandwidth, --hours and --idle as they shall be.");

    /// <param name="read">Null, or an exception: it is damaged or of another version.</param>
    private static T? ReadJson<T>(PosixDisk disk, string name, Func<byte[], T?> read, string wayOut) where T : class
    {
        if (!disk.Exists(name)) return null;
        using var file = disk.Open(name, DiskOpen.Read);
        var bytes = new byte[Math.Min(file.Length, StateSizeMax)];
        try
        {
            if (read(bytes[..file.Read(0, bytes)]) is { } content) return content;
        }
        catch (JsonException)
        {
            // Said below, with what else can be wrong with it.
        }

        throw new NodeStartException($"{Path.Combine(disk.Location, name)} is damaged, or was written by a newer version of Oort.{wayOut}");
    }

    private void Change(Func<NodeState, NodeState> change)
    {
        lock (_lock)
        {
            var changed = change(_state);
            WriteState(StateFile, JsonSerializer.SerializeToUtf8Bytes(changed, NodeStateJson.Default.NodeState));
            _state = changed;
        }
    }

    private void WriteState(string name, ReadOnlySpan<byte> content)
    {
        try
        {
            Write(_disk, name, content);
        }
        catch (DiskException e)
        {
            throw new BackendException(e.Kind == DiskErrorKind.NoSpace ? BackendErrorKind.Full : BackendErrorKind.Permanent, e.Message, e);
        }
    }

    /// <summary>Beside, for the owner only, synced, renamed, and the folder synced.</summary>
    private static void Write(PosixDisk disk, string name, ReadOnlySpan<byte> content)
    {
        var temporary = name + ".new";
        disk.Delete(temporary);
        using (var file = disk.Open(temporary, DiskOpen.New))
        {
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(disk.Location, temporary), OwnerOnly);
            file.Write(0, content);
            file.Sync();
        }

        disk.Rename(temporary, name);
        disk.SyncFolder("");
    }
}

/// <summary>What a node remembers, the file node.json (docs/formats/node-files.md §3).</summary>
internal sealed record NodeState
{
    public const int VersionKnown = 1;

    public int Version { get; init; } = VersionKnown;

    /// <summary>The store that it began last, or is about to begin; null before the first.</summary>
    public string? Store { get; init; }

    /// <summary>The cluster for which it was.</summary>
    public string? Cluster { get; init; }

    /// <summary>How many stores it has begun.</summary>
    public long Generation { get; init; }

    /// <summary>Ids of the gateway clusters that may use it.</summary>
    public ImmutableArray<string> Gateways { get; init; } = [];

    public bool IsValid() => Version == VersionKnown && Generation >= 0 && (Store is null) == (Generation == 0) && !Gateways.IsDefault && Gateways.All(id => NodeId.TryParse(id, out _));
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeState))]
internal sealed partial class NodeStateJson : JsonSerializerContext;
