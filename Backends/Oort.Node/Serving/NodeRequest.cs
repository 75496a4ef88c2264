using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>What the handlers share: the store, the tables and the owner's caps.</summary>
internal sealed record NodeServices(NodeIdentity Identity, NodeDirectory Directory, NodeStorage Storage, BodyBudget Budget, BandwidthCap Bandwidth, NameStates States, UploadTable Uploads, NodeOptions Options, TimeProvider Time);

/// <summary>One request: its parameters in their one spelling, its checked body, its answer.</summary>
internal sealed class NodeRequest(HttpContext http, NodeServices services)
{
    /// <summary>Bytes that are read and written at a time.</summary>
    public const int WindowSize = 256 * 1024;

    public NodeServices Services => services;

    public string Method => http.Request.Method;

    public bool IsHead => HttpMethods.IsHead(http.Request.Method);

    public bool WantsReceipt => http.Request.Headers[NodeHeaders.Receipt] == "1";

    /// <summary>Ends when the peer goes away.</summary>
    public CancellationToken Aborted => http.RequestAborted;

    /// <exception cref="NodeRequestException">There is none, or another.</exception>
    public LocalStore Store() => services.Storage.Get(http.Request.Headers[NodeHeaders.Store]);

    public string? Header(string name) => http.Request.Headers[name] is { Count: 1 } value ? value[0] : null;

    /// <summary>Refuses a query with anything but these, or one of them twice.</summary>
    public void AllowQuery(params ReadOnlySpan<string> names)
    {
        foreach (var (name, value) in http.Request.Query)
        {
            if (!names.Contains(name) || value.Count != 1) throw Bad($"The parameter {name} is not one of this request, or is given twice.");
        }
    }

    /// <summary>A number that must be there, decimal without leading zeros.</summary>
    public long Number(string name, long max)
    {
        var text = Query(name) ?? throw Bad($"The parameter {name} is missing.");
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max && (text.Length == 1 || text[0] != '0')
            ? number
            : throw Bad($"The parameter {name} is a number from 0 to {max}.");
    }

    public string? Query(string name) => http.Request.Query[name] is { Count: 1 } value ? value[0] : null;

    /// <summary>Bytes of the body without its check.</summary>
    /// <exception cref="NodeRequestException">There is no length, or more than <paramref name="max"/>.</exception>
    public long BodyLength(long max)
    {
        if (http.Request.ContentLength is not { } length) throw Bad("A body has a Content-Length.");
        if (length < NodeLimits.CheckSize) throw Bad($"A checked body has at least {NodeLimits.CheckSize} bytes.");
        return length - NodeLimits.CheckSize <= max ? length - NodeLimits.CheckSize : throw new NodeRequestException(NodeErrorCode.TooLarge, $"The body may have {max} bytes.");
    }

    /// <summary>Reads a whole body and compares its checksum.</summary>
    /// <exception cref="NodeRequestException">BadBody: it ended early or is not what its checksum is of. Throttled: no room.</exception>
    public async Task<Body> ReadBodyAsync(long max)
    {
        var length = (int)BodyLength(max);
        services.Bandwidth.ThrowIfBusy();
        var share = services.Budget.TakeBytes(length + NodeLimits.CheckSize);
        var bytes = ArrayPool<byte>.Shared.Rent(length + NodeLimits.CheckSize);
        var body = new Body(bytes, length, share);
        try
        {
            await ReadAsync(bytes.AsMemory(0, length + NodeLimits.CheckSize));
            body.Crc = Crc64Nvme.Compute(body.Memory.Span);
            Compare(bytes.AsSpan(length, NodeLimits.CheckSize), body.Crc);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Fills the destination from the body. Watched for stalls.</summary>
    public async Task ReadAsync(Memory<byte> destination)
    {
        using var stall = new CancellationTokenSource(services.Options.StallTimeout, services.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, http.RequestAborted);
        try
        {
            while (!destination.IsEmpty)
            {
                stall.CancelAfter(services.Options.StallTimeout);
                var read = await http.Request.Body.ReadAsync(destination[..Math.Min(destination.Length, WindowSize)], linked.Token);
                if (read == 0) throw new NodeRequestException(NodeErrorCode.BadBody, "The body ended early.");
                destination = destination[read..];
                stall.CancelAfter(Timeout.InfiniteTimeSpan);
                await services.Bandwidth.PassAsync(read, http.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (stall.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            throw new NodeRequestException(NodeErrorCode.BadBody, "The body did not move for too long.");
        }
    }

    /// <exception cref="NodeRequestException">BadBody: they differ.</exception>
    public static void Compare(ReadOnlySpan<byte> check, ulong crc)
    {
        if (System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(check) != crc)
            throw new NodeRequestException(NodeErrorCode.BadBody, "The body is not the one that its checksum is of.");
    }

    public void SetHeader(string name, string value) => http.Response.Headers[name] = value;

    public void SetHeader(string name, long value) => http.Response.Headers[name] = value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Answers without a body.</summary>
    public void Done() => http.Response.ContentLength = 0;

    /// <summary>Answers with a checked body.</summary>
    public async Task AnswerAsync(ReadOnlyMemory<byte> content)
    {
        http.Response.ContentLength = content.Length + NodeLimits.CheckSize;
        await SendAsync(content);
        await SendCheckAsync(Crc64Nvme.Compute(content.Span));
    }

    /// <summary>Answers with a body that is not checked: a status.</summary>
    public Task AnswerJsonAsync(ReadOnlyMemory<byte> content)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = content.Length;
        return SendAsync(content).AsTask();
    }

    /// <summary>Announces a checked body that follows by <see cref="SendAsync"/> and <see cref="SendCheckAsync"/>.</summary>
    public void BeginAnswer(long length) => http.Response.ContentLength = length + NodeLimits.CheckSize;

    public async ValueTask SendAsync(ReadOnlyMemory<byte> content)
    {
        for (; !content.IsEmpty; content = content[Math.Min(WindowSize, content.Length)..])
        {
            var window = content[..Math.Min(WindowSize, content.Length)];
            await services.Bandwidth.PassAsync(window.Length, http.RequestAborted);
            await http.Response.BodyWriter.WriteAsync(window, http.RequestAborted);
        }
    }

    public async ValueTask SendCheckAsync(ulong crc)
    {
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(http.Response.BodyWriter.GetSpan(NodeLimits.CheckSize), crc);
        http.Response.BodyWriter.Advance(NodeLimits.CheckSize);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    /// <summary>Cuts the connection: the answer cannot be completed, and half of it must not look whole.</summary>
    public void Abort() => http.Abort();

    public static NodeRequestException Bad(string message) => new(NodeErrorCode.BadRequest, message);

    /// <summary>A body in memory. Disposing gives the memory back.</summary>
    internal sealed class Body(byte[] bytes, int length, BodyBudget.Share share) : IDisposable
    {
        private byte[]? _bytes = bytes;

        public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, length);

        /// <summary>Of the content; compared.</summary>
        public ulong Crc { get; set; }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _bytes, null) is not { } rented) return;
            ArrayPool<byte>.Shared.Return(rented);
            share.Dispose();
        }
    }
}

/// <summary>Names of shards on the wire and in the store.</summary>
internal static class ShardNames
{
    public static ShardId Id(this ShardName name) => new(new SegmentId(name.Epoch, name.Counter), name.Index);

    public static ShardName Name(this ShardId id) => new(id.Segment.Epoch, id.Segment.Counter, id.Index);
}
