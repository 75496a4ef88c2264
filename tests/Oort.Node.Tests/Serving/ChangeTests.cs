using System.Globalization;
using System.Text;
using Oort.Checksums;
using Oort.Node.Protocol;
using Shouldly;
using Xunit;

namespace Oort.Node.Tests.Serving;

/// <summary>Requests that come twice, late, or in parts: nothing is done twice, and nothing old undoes what is new (docs/formats/node-protocol.md §3).</summary>
public sealed class ChangeTests : IAsyncLifetime
{
    private RunningNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await RunningNode.StartAsync();

    public async ValueTask DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Append_Repeated_IsDoneOnce()
    {
        await AppendAsync(0, "one");
        await AppendAsync(0, "one");
        await AppendAsync(3, "two");
        await AppendAsync(3, "two");

        (await ReadLogAsync()).ShouldBe("onetwo");
    }

    [Fact]
    public async Task Append_DelayedPastItsRepetition_CutsNothing()
    {
        await AppendAsync(0, "one");
        await AppendAsync(3, "two");

        var late = await _node.SendCheckedAsync("POST", "/v1/logs/a?offset=0", "one"u8.ToArray());

        (late.Error, late.Number(NodeHeaders.Length)).ShouldBe(("conflict", 6));
        (await ReadLogAsync()).ShouldBe("onetwo");
    }

    [Fact]
    public async Task Append_OverAFailedTail_CutsItOnceAndNotAgain()
    {
        await AppendAsync(0, "onejunk");
        var state = (await _node.SendAsync("HEAD", "/v1/logs/a")).Header(NodeHeaders.State)!;

        (await _node.SendCheckedAsync("POST", "/v1/logs/a?offset=3", "two2"u8.ToArray(), (NodeHeaders.State, state))).Status.ShouldBe(200);
        await AppendAsync(7, "end");

        // The same cut, from the network's depths.
        (await _node.SendCheckedAsync("POST", "/v1/logs/a?offset=3", "two2"u8.ToArray(), (NodeHeaders.State, state))).Error.ShouldBe("conflict");
        (await ReadLogAsync()).ShouldBe("onetwo2end");
    }

    [Fact]
    public async Task Append_OfOtherBytesOfTheSameLength_IsNoRepetition()
    {
        await AppendAsync(0, "one");

        (await _node.SendCheckedAsync("POST", "/v1/logs/a?offset=0", "two"u8.ToArray())).Error.ShouldBe("conflict");

        (await ReadLogAsync()).ShouldBe("one");
    }

    [Fact]
    public async Task Append_BehindTheEnd_SaysWhereItIs()
    {
        await AppendAsync(0, "one");

        var answer = await _node.SendCheckedAsync("POST", "/v1/logs/a?offset=4", "x"u8.ToArray(), (NodeHeaders.State, (await _node.SendAsync("HEAD", "/v1/logs/a")).Header(NodeHeaders.State)!));

        (answer.Error, answer.Number(NodeHeaders.Length)).ShouldBe(("conflict", 3));
    }

    [Theory]
    [InlineData("/v1/blobs/a", "PUT")]
    [InlineData("/v1/blobs/a", "DELETE")]
    [InlineData("/v1/logs/a", "DELETE")]
    public async Task Change_WithAnOldState_IsRefused(string target, string method)
    {
        var first = (await _node.SendAsync("HEAD", target)).Header(NodeHeaders.State)!;
        await ChangeAsync(method, target, first, 200);
        await ChangeAsync(method, target, first, 409);
        var second = (await _node.SendAsync("HEAD", target)).Header(NodeHeaders.State)!;

        second.ShouldNotBe(first);
        await ChangeAsync(method, target, second, 200);
        await ChangeAsync(method, target, null, 409);

        // States do not outlive the process.
        var third = (await _node.SendAsync("HEAD", target)).Header(NodeHeaders.State)!;
        await _node.RestartAsync();
        await ChangeAsync(method, target, third, 409);
    }

    [Fact]
    public async Task Upload_InParts_IsThereAfterItsCommitAndNotBefore()
    {
        var content = Bytes(3_000_000);
        var id = await BeginAsync(content.Length);
        for (var offset = 0; offset < content.Length; offset += 1_000_000)
        {
            (await _node.SendAsync("HEAD", $"/v1/uploads/{id}")).Number(NodeHeaders.Offset).ShouldBe(offset);
            (await PutAsync(id, offset, content[offset..(offset + 1_000_000)])).Number(NodeHeaders.Offset).ShouldBe(offset + 1_000_000);
        }

        (await _node.SendAsync("HEAD", "/v1/shards/1-2.3")).Status.ShouldBe(404);
        (await CommitAsync(id, content)).Status.ShouldBe(200);

        (await ReadAsync("1-2.3", content.Length)).AsSpan().SequenceEqual(content).ShouldBeTrue();
        // Its answer was lost: it is given again, as long as the node remembers.
        (await CommitAsync(id, content)).Status.ShouldBe(200);
        (await _node.SendAsync("HEAD", $"/v1/uploads/{id}")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Upload_AppendsRepeatedAndOverlapping_CountOnce()
    {
        var content = Bytes(2_500_000);
        var id = await BeginAsync(content.Length);
        await PutAsync(id, 0, content[..1_000_000]);
        (await PutAsync(id, 0, content[..1_000_000])).Number(NodeHeaders.Offset).ShouldBe(1_000_000);
        (await PutAsync(id, 500_000, content[500_000..1_500_000])).Number(NodeHeaders.Offset).ShouldBe(1_500_000);
        (await PutAsync(id, 100, content[100..200])).Number(NodeHeaders.Offset).ShouldBe(1_500_000);
        await PutAsync(id, 1_500_000, content[1_500_000..]);

        (await CommitAsync(id, content)).Status.ShouldBe(200);

        (await ReadAsync("1-2.3", content.Length)).AsSpan().SequenceEqual(content).ShouldBeTrue();
    }

    [Fact]
    public async Task Upload_AgainstItsAnnouncement_IsRefusedAndGoesOn()
    {
        var content = Bytes(2_000_000);
        var id = await BeginAsync(content.Length);

        (await PutAsync(id, 1, content[..10])).Error.ShouldBe("bad-request");
        (await PutAsync(id, 0, Bytes(2_000_001))).Error.ShouldBe("bad-request");
        (await CommitAsync(id, content)).Error.ShouldBe("bad-request");
        var bad = RunningNode.Checked(content[..1000]);
        bad[0] ^= 1;
        (await _node.SendAsync("PUT", $"/v1/uploads/{id}?offset=0", bad)).Error.ShouldBe("bad-body");
        (await _node.SendAsync("HEAD", $"/v1/uploads/{id}")).Number(NodeHeaders.Offset).ShouldBe(0);

        await PutAsync(id, 0, content);
        (await CommitAsync(id, content)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Upload_WithOtherBytesThanItsCommit_IsEnded()
    {
        var id = await BeginAsync(2_000_000);
        await PutAsync(id, 0, Bytes(2_000_000));

        (await CommitAsync(id, new byte[2_000_000])).Error.ShouldBe("bad-body");

        (await _node.SendAsync("HEAD", "/v1/shards/1-2.3")).Status.ShouldBe(404);
        (await _node.SendAsync("HEAD", $"/v1/uploads/{id}")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Upload_GivenUpOrFromBeforeARestart_IsUnknown()
    {
        var given = await BeginAsync(100);
        (await _node.SendAsync("DELETE", $"/v1/uploads/{given}")).Status.ShouldBe(200);
        (await _node.SendAsync("DELETE", $"/v1/uploads/{given}")).Status.ShouldBe(200);
        (await PutAsync(given, 0, [1])).Error.ShouldBe("unknown-upload");

        var before = await BeginAsync(100);
        await _node.RestartAsync();
        (await PutAsync(before, 0, [1])).Error.ShouldBe("unknown-upload");
        (await CommitAsync(before, [])).Error.ShouldBe("unknown-upload");
    }

    [Fact]
    public async Task Batch_Repeated_StoresEachOnce()
    {
        var batch = Batch((1, "one"), (2, "two"), (1, "one"));

        for (var i = 0; i < 2; i++)
        {
            BatchAnswer.TryRead((await _node.SendCheckedAsync("POST", "/v1/batch", batch)).Content(), 3, out var outcomes).ShouldBeTrue();
            outcomes.ShouldAllBe(outcome => outcome.Code == NodeErrorCode.None);
        }

        ShardPage.TryRead((await _node.SendAsync("GET", "/v1/shards")).Content(), out var page).ShouldBeTrue();
        page.Shards.Select(shard => shard.Shard.ToString()).ShouldBe(["1-1.0", "1-2.0"]);
        Encoding.ASCII.GetString(await ReadAsync("1-2.0", 3)).ShouldBe("two");
    }

    [Fact]
    public async Task Batch_Malformed_StoresNothingOfIt()
    {
        var batch = Batch((1, "one"), (2, "two"));
        batch[^1] ^= 1;

        (await _node.SendCheckedAsync("POST", "/v1/batch", batch)).Error.ShouldBe("bad-request");

        (await _node.SendAsync("HEAD", "/v1/shards/1-1.0")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task List_ByPages_GivesEachOnceInOrder()
    {
        for (var i = 0; i < 25; i++)
            await _node.SendCheckedAsync("PUT", string.Create(CultureInfo.InvariantCulture, $"/v1/shards/{i % 3:x}-{i:x}.{i % 5}"), new byte[i]);
        var seen = new List<ShardName>();
        for (var more = true; more;)
        {
            var after = seen.Count > 0 ? $"&after={seen[^1]}" : "";
            ShardPage.TryRead((await _node.SendAsync("GET", $"/v1/shards?limit=4{after}")).Content(), out var page).ShouldBeTrue();
            page.Shards.Count.ShouldBeInRange(1, 4);
            seen.AddRange(page.Shards.Select(shard => shard.Shard));
            page.Shards.ShouldAllBe(shard => shard.Length == (long)shard.Shard.Counter);
            more = page.HasMore;
        }

        seen.Count.ShouldBe(25);
        seen.ShouldBe(seen.Order());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3000)]
    [InlineData(600_000)]
    public async Task Receipt_OnPutOnCommitAndLater_IsTheSameRoot(int length)
    {
        var content = Bytes(length);
        var put = Receipt(await _node.SendCheckedAsync("PUT", "/v1/shards/1-1.0", content, (NodeHeaders.Receipt, "1")));
        var upload = (await _node.SendAsync("POST", $"/v1/uploads?shard=1-1.0&length={length}", null, (NodeHeaders.Receipt, "1"))).Header(NodeHeaders.Upload)!;
        for (var i = 0; i < length; i += 250_000) await PutAsync(upload, i, content[i..Math.Min(length, i + 250_000)]);
        var commit = Receipt(await CommitAsync(upload, content));
        var later = Receipt(await _node.SendAsync("GET", "/v1/receipts/1-1.0"));

        var tree = new MerkleTree();
        tree.Append(content);
        foreach (var receipt in new[] { put, commit, later })
        {
            receipt.Root.ToArray().ShouldBe(tree.Root());
            (receipt.Node, receipt.Length, receipt.Crc, receipt.Store.ToString("x32", null)).ShouldBe((_node.Host.Id, length, Crc64Nvme.Compute(content), _node.Store));
        }

        StorageReceipt Receipt(RunningNode.Answer answer) => StorageReceipt.TryRead(answer.Content(), out var receipt) ? receipt : throw new InvalidDataException("no receipt");
    }

    private async Task AppendAsync(long offset, string text) =>
        (await _node.SendCheckedAsync("POST", string.Create(CultureInfo.InvariantCulture, $"/v1/logs/a?offset={offset}"), Encoding.ASCII.GetBytes(text))).Status.ShouldBe(200);

    private async Task<string> ReadLogAsync() => Encoding.ASCII.GetString((await _node.SendAsync("GET", "/v1/logs/a?offset=0&length=1000")).Content());

    private async Task<byte[]> ReadAsync(string shard, int length) => (await _node.SendAsync("GET", string.Create(CultureInfo.InvariantCulture, $"/v1/shards/{shard}?offset=0&length={length}"))).Content();

    private async Task ChangeAsync(string method, string target, string? state, int status) =>
        (await _node.SendAsync(method, target, method == "PUT" ? RunningNode.Checked([1]) : null, state is null ? [] : [(NodeHeaders.State, state)])).Status.ShouldBe(status);

    private async Task<string> BeginAsync(int length) => (await _node.SendAsync("POST", string.Create(CultureInfo.InvariantCulture, $"/v1/uploads?shard=1-2.3&length={length}"))).Header(NodeHeaders.Upload)!;

    private Task<RunningNode.Answer> PutAsync(string id, int offset, byte[] content) => _node.SendCheckedAsync("PUT", string.Create(CultureInfo.InvariantCulture, $"/v1/uploads/{id}?offset={offset}"), content);

    private Task<RunningNode.Answer> CommitAsync(string id, byte[] content) => _node.SendAsync("POST", $"/v1/uploads/{id}", null, (NodeHeaders.Crc, Crc64Nvme.Compute(content).ToString("x16", CultureInfo.InvariantCulture)));

    private static byte[] Batch(params (ulong Counter, string Text)[] shards)
    {
        var batch = new byte[ShardBatch.HeaderSize];
        ShardBatch.WriteHeader(batch, shards.Length);
        foreach (var (counter, text) in shards)
        {
            var header = new byte[ShardBatch.ShardHeaderSize];
            var content = Encoding.ASCII.GetBytes(text);
            ShardBatch.WriteShardHeader(header, new(1, counter, 0), content.Length, Crc64Nvme.Compute(content));
            batch = [.. batch, .. header, .. content];
        }

        return batch;
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
