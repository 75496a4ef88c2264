using System.Globalization;
using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>Writes a long shard by an upload (docs/formats/node-protocol.md §3): each append is repeated by itself, so that a broken connection costs at most that one.</summary>
internal sealed class UploadWriter : IShardWriter
{
    /// <summary>Shorter writes wait for the next, so that a header or a table costs no request of its own.</summary>
    private const int HeldSizeMax = 64 * 1024;

    private readonly NodeClient _client;
    private readonly string _path;
    private readonly long _length;
    private byte[]? _held;
    private int _heldCount;
    private ulong _heldCrc;
    private long _written;
    private ulong _crc;
    private bool _isBusy;
    private bool _isEnded;

    private UploadWriter(NodeClient client, string path, long length) => (_client, _path, _length) = (client, path, length);

    public static async Task<UploadWriter> BeginAsync(NodeClient client, ShardName name, long length, CancellationToken cancellationToken)
    {
        // Repeated, it may begin two: the node gives up the one that nobody goes on with.
        var id = await client.SendAsync(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"{NodePaths.Uploads}?shard={name}&length={length}"), null, response =>
            new ValueTask<string>(response.Header(NodeHeaders.Upload) is { Length: 32 } text && text.All(char.IsAsciiHexDigitLower) ? text : throw response.Wrong("the upload has no id")), cancellationToken);
        return new(client, NodePaths.Upload(id), length);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => WriteAsync(content, Crc64Nvme.Compute(content.Span), cancellationToken);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, ulong crc, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        if (_isBusy)
            throw new InvalidOperationException("The last write has not returned yet, or has failed.");
        if (content.Length > _length - _written)
            throw new ArgumentException($"The shard was announced with {_length} bytes; {_written} are written and {content.Length} more do not fit.", nameof(content));
        cancellationToken.ThrowIfCancellationRequested();
        var isLast = _written + content.Length == _length;
        if (!isLast && _heldCount + content.Length <= HeldSizeMax)
        {
            Hold(content, crc);
            return ValueTask.CompletedTask;
        }

        return new(SendAsync(content, crc, cancellationToken));
    }

    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        if (_isBusy || _written != _length)
            throw new InvalidOperationException($"The shard was announced with {_length} bytes and has {_written}.");
        await _client.SendAsync(HttpMethod.Post, _path, (request, _) => request.Headers.Add(NodeHeaders.Crc, _crc.ToString("x16", CultureInfo.InvariantCulture)), NodeStore.Nothing, cancellationToken);
        _isEnded = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isEnded) return;
        _isEnded = true;
        try
        {
            await _client.TrySendAsync(HttpMethod.Delete, _path, null, NodeStore.Nothing, CancellationToken.None);
        }
        catch (BackendException)
        {
            // The node gives it up by itself when nobody comes back to it.
        }
    }

    private void Hold(ReadOnlyMemory<byte> content, ulong crc)
    {
        _held ??= new byte[HeldSizeMax];
        content.CopyTo(_held.AsMemory(_heldCount));
        _heldCrc = Crc64Nvme.Combine(_heldCrc, crc, content.Length);
        _heldCount += content.Length;
        Count(content.Length, crc);
    }

    private void Count(int length, ulong crc)
    {
        _crc = Crc64Nvme.Combine(_crc, crc, length);
        _written += length;
    }

    /// <summary>Sends what waits and the content, in as many appends as it takes.</summary>
    private async Task SendAsync(ReadOnlyMemory<byte> content, ulong crc, CancellationToken cancellationToken)
    {
        // Stays busy after a failure: then the upload lacks bytes that the caller believes written.
        _isBusy = true;
        var offset = _written - _heldCount;
        var room = NodeLimits.UploadAppendSizeMax - _heldCount;
        if (content.Length <= room)
        {
            await AppendAsync(offset, [_held.AsMemory(0, _heldCount), content], Crc64Nvme.Combine(_heldCrc, crc, content.Length), cancellationToken);
        }
        else
        {
            for (var at = 0; at < content.Length;)
            {
                var run = content.Slice(at, Math.Min(content.Length - at, at == 0 ? room : NodeLimits.UploadAppendSizeMax));
                var runCrc = Crc64Nvme.Compute(run.Span);
                if (at == 0) await AppendAsync(offset, [_held.AsMemory(0, _heldCount), run], Crc64Nvme.Combine(_heldCrc, runCrc, run.Length), cancellationToken);
                else await AppendAsync(_written + at, [run], runCrc, cancellationToken);
                at += run.Length;
            }
        }

        (_heldCount, _heldCrc) = (0, 0);
        Count(content.Length, crc);
        _isBusy = false;
    }

    private Task<bool> AppendAsync(long offset, ReadOnlyMemory<byte>[] runs, ulong crc, CancellationToken cancellationToken)
    {
        var end = offset + runs.Sum(run => (long)run.Length);
        return _client.SendAsync(HttpMethod.Put, string.Create(CultureInfo.InvariantCulture, $"{_path}?offset={offset}"), (request, guard) => request.Content = new CheckedContent(runs, crc, guard), response =>
            response.Number(NodeHeaders.Offset) == end ? new ValueTask<bool>(true) : throw response.Wrong("an upload has another length than was sent"), cancellationToken);
    }
}
