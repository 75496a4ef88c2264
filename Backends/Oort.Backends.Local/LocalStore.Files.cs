using System.Runtime.CompilerServices;

namespace Oort.Backends.Local;

// Blobs and logs: each call runs on one of the two file threads.
public sealed partial class LocalStore
{
    public ValueTask PutBlobAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, IBlobStore.SizeMax);
        return ChangeAsync(() => _blobs.Put(name, content.Span), cancellationToken);
    }

    public ValueTask<byte[]?> GetBlobAsync(string name, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        return LookAsync(() => _blobs.Get(name), cancellationToken);
    }

    public ValueTask<int?> ReadBlobAsync(string name, Memory<byte> destination, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        return LookAsync(() => _blobs.Read(name, destination), cancellationToken);
    }

    public ValueTask DeleteBlobAsync(string name, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        return ChangeAsync(() => _blobs.Delete(name), cancellationToken);
    }

    public IAsyncEnumerable<string> ListBlobsAsync(string prefix, CancellationToken cancellationToken) => ListFilesAsync(BlobFiles.Folder, prefix, cancellationToken);

    public ValueTask AppendLogAsync(string name, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, ILogStore.AppendSizeMax);
        return ChangeAsync(() => _logs.Append(name, offset, content.Span), cancellationToken);
    }

    public ValueTask<int> ReadLogAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return LookAsync(() => _logs.Read(name, offset, destination.Span), cancellationToken);
    }

    public ValueTask<long> LogLengthAsync(string name, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        return LookAsync(() => _logs.Length(name), cancellationToken);
    }

    public ValueTask DeleteLogAsync(string name, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        return ChangeAsync(() => _logs.Delete(name), cancellationToken);
    }

    public IAsyncEnumerable<string> ListLogsAsync(string prefix, CancellationToken cancellationToken) => ListFilesAsync(LogFiles.Folder, prefix, cancellationToken);

    private async IAsyncEnumerable<string> ListFilesAsync(string folder, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalidPrefix(prefix);
        var names = await LookAsync(
            () =>
            {
                try
                {
                    return NamedFiles.List(_disk, folder, prefix);
                }
                catch (DiskException e)
                {
                    throw ReadFailure(e);
                }
            },
            cancellationToken);
        foreach (var name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return name;
        }
    }

    private ValueTask ChangeAsync(Action change, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return new(_fileThreads.RunAsync(
            () =>
            {
                change();
                return true;
            },
            cancellationToken));
    }

    private ValueTask<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return new(_fileThreads.RunAsync(look, cancellationToken));
    }
}
