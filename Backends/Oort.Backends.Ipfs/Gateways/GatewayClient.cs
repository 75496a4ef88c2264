using System.Globalization;
using System.Net;

namespace Oort.Backends.Ipfs;

/// <summary>One trustless gateway (IPFS: Trustless Gateway Specification): blocks and CARs by name, each block checked here.</summary>
internal sealed class GatewayClient(HttpPlace place) : IBlockSource, IDisposable
{
    private const string RawType = "application/vnd.ipld.raw";
    private const string CarType = "application/vnd.ipld.car";

    /// <summary>The block without bytes, under the hash that is the bytes themselves: every gateway has it (§ "HTTP request: probing").</summary>
    private const string Probe = "bafkqaaa";

    public string Name => place.Name;

    public void Dispose() => place.Dispose();

    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(Cid cid, CancellationToken cancellationToken)
    {
        // The query as well as the header: each is lost to some cache or proxy.
        await using var reply = await SendAsync($"block {cid}", $"/ipfs/{cid}?format=raw", RawType, RawType, cancellationToken);
        var block = await reply.ReadAsync(Blocks.SizeMax) ?? throw new BackendException(BackendErrorKind.Corrupt, $"{Name} gave more than {Blocks.SizeMax} bytes for block {cid}.");
        Blocks.Check(cid, block, Name);
        return block;
    }

    /// <summary>Reads a range of a file: as one block, or as the CAR of the blocks that the range needs.</summary>
    /// <returns>The length of the whole file.</returns>
    public async ValueTask<long> ReadAsync(Cid root, long from, long to, Action<ReadOnlyMemory<byte>> sink, CancellationToken cancellationToken)
    {
        if (root.Codec == BlockCodec.Raw) return await UnixFsReader.ReadAsync(root, from, to, this, sink, cancellationToken);
        var bytes = string.Create(CultureInfo.InvariantCulture, $"{from}:{Math.Max(from, to - 1)}");
        var target = $"/ipfs/{root}?format=car&dag-scope=entity&entity-bytes={bytes}&car-version=1&car-order=dfs&car-dups=y";
        await using var reply = await SendAsync($"CAR {root}", target, $"{CarType}; version=1; order=dfs; dups=y", CarType, cancellationToken);
        using var reader = new CarReader(await reply.OpenAsync(), Name);
        var blocks = new CarBlocks(reader, Name);
        return await UnixFsReader.ReadAsync(root, from, to, blocks, sink, cancellationToken);
    }

    /// <summary>Whether it is there and gives blocks.</summary>
    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        await using var reply = await SendAsync("a block", $"/ipfs/{Probe}?format=raw", RawType, RawType, cancellationToken);
        if (await reply.ReadAsync(0) is null) throw reply.Strange("bytes for the empty block");
    }

    private async ValueTask<HttpReply> SendAsync(string call, string target, string accept, string type, CancellationToken cancellationToken)
    {
        var reply = await place.SendAsync(HttpMethod.Get, call, target, null, accept, cancellationToken);
        if (reply.Status == HttpStatusCode.OK && reply.MediaType == type) return reply;
        await using (reply)
        {
            if (reply.Status == HttpStatusCode.OK) throw reply.Strange($"{reply.MediaType} instead of {type}, so it is no trustless gateway");
            throw reply.Refused(reply.KindByStatus, await reply.ReadErrorAsync());
        }
    }
}
