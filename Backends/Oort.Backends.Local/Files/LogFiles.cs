namespace Oort.Backends.Local;

/// <summary>Logs as files that only grow (docs/formats/store-files.md §3). Calls block.</summary>
/// <remarks>Files that are appended to stay open, the least recently used is closed when there are too many. One lock: appends of one disk share its flush anyway.</remarks>
internal sealed class LogFiles(IDisk disk, StoreHealth health) : IDisposable
{
    public const string Folder = "logs";

    /// <summary>Logs kept open for appending: a gateway appends to one, and a few change over.</summary>
    public const int OpenCountMax = 16;

    private readonly object _lock = new();
    private readonly LinkedList<(string Name, IDiskFile File)> _open = new();

    /// <summary>Appends: (1) cut off what an earlier, failed append left behind <paramref name="offset"/>, (2) write, (3) sync, and the name when the file is new.</summary>
    public void Append(string name, long offset, ReadOnlySpan<byte> content)
    {
        health.ThrowIfFailed();
        lock (_lock)
        {
            var isSyncing = false;
            try
            {
                var file = OpenToAppend(name, offset, out var isNew);
                var length = file.Length;
                if (length < offset)
                    throw new BackendException(BackendErrorKind.Corrupt, $"{disk.Location}: log {name} has {length} bytes, {offset} were expected.");
                if (length > offset)
                    file.Truncate(offset);
                file.Write(offset, content);
                isSyncing = true;
                file.Sync();
                if (isNew)
                    disk.SyncFolder(Folder);
                if (file.LinkCount == 0)
                    throw new DiskException(DiskErrorKind.Gone, $"The log {name} has been deleted while it was written.");
            }
            catch (DiskException e) when (e.Kind == DiskErrorKind.NoSpace && !isSyncing)
            {
                throw new BackendException(BackendErrorKind.Full, e.Message, e);
            }
            catch (DiskException e)
            {
                throw health.Refusal(health.Fail($"the log {name} could not be written", e));
            }
        }
    }

    public int Read(string name, long offset, Span<byte> destination)
    {
        try
        {
            using var file = disk.Open(NamedFiles.PathOf(Folder, name), DiskOpen.Read);
            return file.Read(offset, destination);
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.NotFound)
        {
            return 0;
        }
        catch (DiskException e)
        {
            throw LocalStore.ReadFailure(e);
        }
    }

    public long Length(string name)
    {
        try
        {
            using var file = disk.Open(NamedFiles.PathOf(Folder, name), DiskOpen.Read);
            return file.Length;
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.NotFound)
        {
            return 0;
        }
        catch (DiskException e)
        {
            throw LocalStore.ReadFailure(e);
        }
    }

    public void Delete(string name)
    {
        health.ThrowIfFailed();
        lock (_lock)
        {
            try
            {
                Close(name);
                disk.Delete(NamedFiles.PathOf(Folder, name));
                disk.SyncFolder(Folder);
            }
            catch (DiskException e)
            {
                throw health.Refusal(health.Fail($"the log {name} could not be deleted", e));
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var (_, file) in _open)
                file.Dispose();
            _open.Clear();
        }
    }

    /// <summary>The open file, newest first in the list. A log that is not there is made only for an append at its beginning.</summary>
    private IDiskFile OpenToAppend(string name, long offset, out bool isNew)
    {
        isNew = false;
        for (var node = _open.First; node is not null; node = node.Next)
        {
            if (node.Value.Name != name)
                continue;
            _open.Remove(node);
            _open.AddFirst(node);
            return node.Value.File;
        }

        var path = NamedFiles.PathOf(Folder, name);
        isNew = !disk.Exists(path);
        if (isNew && offset > 0)
            throw new BackendException(BackendErrorKind.Corrupt, $"{disk.Location}: log {name} is not there, {offset} bytes were expected.");
        var file = disk.Open(path, DiskOpen.ExistingOrNew);
        // A crash may have come between the first append's sync and that of the name: then the file is here and its name is not durable yet, whatever the offset now.
        isNew = true;
        _open.AddFirst((name, file));
        if (_open.Count > OpenCountMax)
        {
            _open.Last!.Value.File.Dispose();
            _open.RemoveLast();
        }

        return file;
    }

    private void Close(string name)
    {
        for (var node = _open.First; node is not null; node = node.Next)
        {
            if (node.Value.Name != name)
                continue;
            node.Value.File.Dispose();
            _open.Remove(node);
            return;
        }
    }
}
