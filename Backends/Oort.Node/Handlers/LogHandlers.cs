using System.Buffers;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Logs (docs/formats/node-protocol.md §3, Append).</summary>
internal static class LogHandlers
{
    private const string Folder = "logs";

    public static async Task GetAsync(NodeRequest request, string name)
    {
        request.AllowQuery("offset", "length");
        var store = request.Store();
        var offset = request.Number("offset", long.MaxValue);
        var wanted = request.Number("length", NodeLimits.ShardLengthMax);
        request.Services.Bandwidth.ThrowIfBusy();
        var state = request.Services.States.Of(Folder, name);
        var total = await store.LogLengthAsync(name, request.Aborted);
        await ShardHandlers.SendRangeAsync(request, (at, window) => store.ReadLogAsync(name, at, window, request.Aborted), offset, Math.Clamp(total - offset, 0, wanted), () =>
        {
            request.SetHeader(NodeHeaders.Length, total);
            request.SetHeader(NodeHeaders.State, state);
        });
    }

    public static async Task HeadAsync(NodeRequest request, string name)
    {
        request.AllowQuery();
        var store = request.Store();
        request.SetHeader(NodeHeaders.State, request.Services.States.Of(Folder, name));
        request.SetHeader(NodeHeaders.Length, await store.LogLengthAsync(name, request.Aborted));
    }

    /// <summary>Appends: 1. at the end; 2. or finds the bytes there already; 3. or cuts, if the caller knows the present state; 4. or refuses.</summary>
    public static async Task AppendAsync(NodeRequest request, string name)
    {
        request.AllowQuery("offset");
        var store = request.Store();
        var offset = request.Number("offset", long.MaxValue - NodeLimits.LogAppendSizeMax);
        using var body = await request.ReadBodyAsync(NodeLimits.LogAppendSizeMax);
        request.Services.Storage.Admit(body.Memory.Length);
        using var turn = await request.Services.States.EnterAsync(Folder, name, request.Aborted);
        var length = await store.LogLengthAsync(name, CancellationToken.None);
        if (length == offset)
        {
            // 1.
            turn.Changing();
            await store.AppendLogAsync(name, offset, body.Memory, CancellationToken.None);
        }
        else if (length == offset + body.Memory.Length && await HoldsAsync(request, store, name, offset, body.Memory))
        {
            // 2. Nothing is written, but all is synced: the first try may have ended before that.
            await store.AppendLogAsync(name, length, ReadOnlyMemory<byte>.Empty, CancellationToken.None);
        }
        else if (length > offset && request.Header(NodeHeaders.State) == turn.State)
        {
            // 3.
            turn.Changing();
            await store.AppendLogAsync(name, offset, body.Memory, CancellationToken.None);
        }
        else
        {
            // 4.
            throw new NodeRequestException(NodeErrorCode.Conflict, $"The log has {length} bytes.") { State = turn.State, Length = length };
        }

        request.Done();
    }

    public static async Task DeleteAsync(NodeRequest request, string name)
    {
        request.AllowQuery();
        var store = request.Store();
        using var turn = await BlobHandlers.EnterAsync(request, Folder, name);
        await store.DeleteLogAsync(name, CancellationToken.None);
        request.Done();
    }

    public static Task ListAsync(NodeRequest request)
    {
        var store = request.Store();
        return BlobHandlers.AnswerNamesAsync(request, prefix => store.ListLogsAsync(prefix, request.Aborted));
    }

    private static async Task<bool> HoldsAsync(NodeRequest request, LocalStore store, string name, long offset, ReadOnlyMemory<byte> content)
    {
        var size = Math.Min(content.Length, NodeRequest.WindowSize);
        using var share = request.Services.Budget.TakeBytes(size);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            for (var at = 0; at < content.Length; at += size)
            {
                var window = buffer.AsMemory(0, Math.Min(size, content.Length - at));
                if (await store.ReadLogAsync(name, offset + at, window, CancellationToken.None) != window.Length || !window.Span.SequenceEqual(content.Span.Slice(at, window.Length)))
                    return false;
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
