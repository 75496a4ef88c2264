using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;

namespace Oort.Backends.Arweave.Tests.Peers;

/// <summary>A gateway: serves what is in a weave.</summary>
internal sealed class FakeGateway(Weave weave) : FakeServer
{
    /// <summary>False: answers ranges with everything, as some do.</summary>
    public bool ServesRanges { get; set; } = true;

    /// <summary>Turned into something else on its way out.</summary>
    public Func<byte[], byte[]> Data { get; set; } = data => data;

    /// <summary>Announces all and sends this many bytes; null: all.</summary>
    public int? BreaksOffAfter { get; set; }

    protected override async Task ServeAsync(HttpContext context, string[] path)
    {
        if (path is not ["raw", var id] || weave.Data(id) is not { } found)
        {
            await TextAsync(context, 404, "Not found");
            return;
        }

        var data = Data(found);
        var part = data.AsMemory();
        if (ServesRanges && RangeHeaderValue.TryParse(context.Request.Headers.Range, out var range) && range.Ranges.SingleOrDefault() is { From: { } from } one)
        {
            if (from >= data.Length)
            {
                context.Response.StatusCode = 416;
                context.Response.Headers.ContentRange = $"bytes */{data.Length}";
                return;
            }

            var to = Math.Min(one.To ?? data.Length - 1, data.Length - 1);
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{to}/{data.Length}";
            part = part[(int)from..(int)(to + 1)];
        }

        context.Response.ContentLength = part.Length;
        if (BreaksOffAfter is not { } count)
        {
            await context.Response.Body.WriteAsync(part, context.RequestAborted);
            return;
        }

        await context.Response.Body.WriteAsync(part[..Math.Min(count, part.Length)], context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
    }
}
