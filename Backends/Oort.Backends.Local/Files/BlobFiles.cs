namespace Oort.Backends.Local;

/// <summary>Blobs as files that hold exactly their bytes (docs/formats/store-files.md §2). Calls block.</summary>
internal sealed class BlobFiles(IDisk disk, StoreHealth health)
{
    public const string Folder = "blobs";

    private long _temporaryCount;

    /// <summary>Puts a blob: (1) a temporary file, (2) synced, (3) renamed, (4) the name synced.</summary>
    public void Put(string name, ReadOnlySpan<byte> content)
    {
        health.ThrowIfFailed();
        var path = NamedFiles.PathOf(Folder, name);
        var temporary = $"{LocalStore.TemporaryFolder}/blob-{Interlocked.Increment(ref _temporaryCount)}";
        var isSynced = false;
        try
        {
            using (var file = disk.Open(temporary, DiskOpen.ExistingOrNew))
            {
                file.Truncate(0);
                file.Write(0, content);
                file.Sync();
                isSynced = true;
                if (file.LinkCount == 0)
                    throw new DiskException(DiskErrorKind.Gone, $"{temporary} has been deleted while it was written.");
            }

            disk.Rename(temporary, path);
            disk.SyncFolder(Folder);
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.NoSpace && !isSynced)
        {
            disk.Delete(temporary);
            throw new BackendException(BackendErrorKind.Full, e.Message, e);
        }
        catch (DiskException e)
        {
            throw health.Refusal(health.Fail($"the blob {name} could not be written", e));
        }
    }

    /// <summary>The whole blob, or null.</summary>
    public byte[]? Get(string name)
    {
        byte[]? content = null;
        Read(name, length => content = new byte[length]);
        return content;
    }

    /// <summary>As <see cref="IBlobStore.ReadBlobAsync"/>.</summary>
    public int? Read(string name, Memory<byte> destination) => Read(name, length => destination[..Math.Min(length, destination.Length)]);

    /// <param name="place">Gives the memory for so many bytes.</param>
    private int? Read(string name, Func<int, Memory<byte>> place)
    {
        var path = NamedFiles.PathOf(Folder, name);
        try
        {
            using var file = disk.Open(path, DiskOpen.Read);
            var length = file.Length;
            if (length > IBlobStore.SizeMax)
                throw new BackendException(BackendErrorKind.Corrupt, $"The blob {name} has {length} bytes, more than a blob can have.");
            var content = place((int)length).Span;
            if (file.Read(0, content) < content.Length)
                throw new BackendException(BackendErrorKind.Corrupt, $"The blob {name} is shorter than its file says.");
            return (int)length;
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.NotFound)
        {
            return null;
        }
        catch (DiskException e)
        {
            throw LocalStore.ReadFailure(e);
        }
    }

    public void Delete(string name)
    {
        health.ThrowIfFailed();
        try
        {
            disk.Delete(NamedFiles.PathOf(Folder, name));
            disk.SyncFolder(Folder);
        }
        catch (DiskException e)
        {
            throw health.Refusal(health.Fail($"the blob {name} could not be deleted", e));
        }
    }
}
