using System.Globalization;
using System.Runtime.CompilerServices;
using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

// Blobs and logs: their names are used again, so each change says which state it means (docs/formats/node-protocol.md §3, States).
public sealed partial class NodeStore
{
    /// <summary>How often a change is sent with a newer state: each time somebody else has changed the name in between. More than would ever change one name at once.</summary>
    private const int ConflictCountMax = 64;

    public async ValueTask PutBlobAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, IBlobStore.SizeMax);
        ThrowIfDisposed();
        var crc = Crc64Nvme.Compute(content.Span);
        await ChangeAsync(HttpMethod.Put, NodePaths.Blob(name), (request, guard) => request.Content = new CheckedContent([content], crc, guard), cancellationToken);
    }

    public async ValueTask<byte[]?> GetBlobAsync(string name, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        ThrowIfDisposed();
        var reply = await _client.TrySendAsync(HttpMethod.Get, NodePaths.Blob(name), null, response => response.ReadCheckedAsync(NodeLimits.BlobSizeMax), cancellationToken);
        return reply.Failure switch
        {
            null => reply.Value,
            { Code: NodeErrorCode.NotFound } => null,
            var failure => throw failure.ToException(_client.Address.HostAndPort),
        };
    }

    public async ValueTask DeleteBlobAsync(string name, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        ThrowIfDisposed();
        await ChangeAsync(HttpMethod.Delete, NodePaths.Blob(name), null, cancellationToken);
    }

    public IAsyncEnumerable<string> ListBlobsAsync(string prefix, CancellationToken cancellationToken) => ListNamesAsync(NodePaths.Blobs, prefix, cancellationToken);

    public async ValueTask AppendLogAsync(string name, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, ILogStore.AppendSizeMax);
        ThrowIfDisposed();
        var path = string.Create(CultureInfo.InvariantCulture, $"{NodePaths.Log(name)}?offset={offset}");
        var crc = Crc64Nvme.Compute(content.Span);
        string? state = null;
        for (var i = 0; ; i++)
        {
            var reply = await _client.TrySendAsync(HttpMethod.Post, path, (request, guard) =>
            {
                request.Content = new CheckedContent([content], crc, guard);
                if (state is not null) request.Headers.Add(NodeHeaders.State, state);
            }, Nothing, cancellationToken);
            switch (reply.Failure)
            {
                case null:
                    return;
                case { Code: NodeErrorCode.Conflict, Length: { } length } when length < offset:
                    throw new BackendException(BackendErrorKind.Corrupt, $"{_client.Address.HostAndPort}: log {name} has {length} bytes, {offset} were expected.");
                // Longer: what an earlier append left behind is cut off, now that its state is known.
                case { Code: NodeErrorCode.Conflict, State: { } present } when i < ConflictCountMax:
                    state = present;
                    break;
                case var failure:
                    throw failure.ToException(_client.Address.HostAndPort);
            }
        }
    }

    public ValueTask<int> ReadLogAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ThrowIfDisposed();
        return new(ReadRangeAsync(NodePaths.Log(name), offset, destination, cancellationToken));
    }

    public async ValueTask<long> LogLengthAsync(string name, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        ThrowIfDisposed();
        return await _client.SendAsync(HttpMethod.Head, NodePaths.Log(name), null, response => new ValueTask<long>(response.Number(NodeHeaders.Length)), cancellationToken);
    }

    public async ValueTask DeleteLogAsync(string name, CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalid(name);
        ThrowIfDisposed();
        await ChangeAsync(HttpMethod.Delete, NodePaths.Log(name), null, cancellationToken);
    }

    public IAsyncEnumerable<string> ListLogsAsync(string prefix, CancellationToken cancellationToken) => ListNamesAsync(NodePaths.Logs, prefix, cancellationToken);

    /// <summary>Changes a name: (1) asks for its state, (2) sends the change with it, (3) again with the newer one that a conflict tells.</summary>
    /// <remarks>A change that was done and whose answer was lost conflicts with itself, and is done once more to the same end.</remarks>
    private async Task ChangeAsync(HttpMethod method, string path, Action<HttpRequestMessage, StallGuard>? prepare, CancellationToken cancellationToken)
    {
        // 1.
        var asked = await _client.TrySendAsync(HttpMethod.Head, path, null, response => new ValueTask<string?>(response.Header(NodeHeaders.State)), cancellationToken);
        if (asked.Failure is { Code: not NodeErrorCode.NotFound } refused) throw refused.ToException(_client.Address.HostAndPort);
        var state = asked.Value ?? asked.Failure?.State ?? throw new BackendException(BackendErrorKind.Corrupt, $"{_client.Address.HostAndPort}: the answer has no {NodeHeaders.State}.");
        for (var i = 0; ; i++)
        {
            // 2.
            var reply = await _client.TrySendAsync(method, path, (request, guard) =>
            {
                prepare?.Invoke(request, guard);
                request.Headers.Add(NodeHeaders.State, state);
            }, Nothing, cancellationToken);
            if (reply.Failure is not { } failure) return;
            // 3.
            state = failure is { Code: NodeErrorCode.Conflict, State: { } present } && i < ConflictCountMax ? present : throw failure.ToException(_client.Address.HostAndPort);
        }
    }

    private async IAsyncEnumerable<string> ListNamesAsync(string path, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StoreNames.ThrowIfInvalidPrefix(prefix);
        ThrowIfDisposed();
        string? after = null;
        for (var hasMore = true; hasMore;)
        {
            var page = await _client.SendAsync(HttpMethod.Get, $"{path}?prefix={prefix}{(after is null ? "" : $"&after={after}")}", null,
                async response => NamePage.TryRead(await response.ReadCheckedAsync(NamePage.SizeMax), out var read)
                    && read.Names.All(name => name.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(name, after) > 0))
                        ? read
                        : throw response.Wrong("a page of names is none"),
                cancellationToken);
            foreach (var name in page.Names)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return name;
                after = name;
            }

            hasMore = page.HasMore;
        }
    }
}
