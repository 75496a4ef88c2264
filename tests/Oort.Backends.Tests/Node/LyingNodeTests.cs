using System.Text;
using Oort.Backends.Node;
using Oort.Backends.Suite;
using Oort.Node.Protocol;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Node;

/// <summary>Nodes that answer wrongly, late, half or not at all: each ends in the kind that says what to do, and no wrong byte is believed.</summary>
public sealed class LyingNodeTests : IAsyncLifetime
{
    private static readonly ShardId s_shard = TestBytes.Shard(1);
    private static readonly byte[] s_content = TestBytes.Make(1000, 1);

    private readonly LyingNode _node = new();
    private NodeStore _store = null!;

    private static CancellationToken None => CancellationToken.None;

    public async ValueTask InitializeAsync() => _store = await _node.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Read_RightAnswer_IsTaken()
    {
        _node.Answer = _ => LyingNode.Ok(LyingNode.Checked(s_content), "oort-length: 1000");
        var read = new byte[1000];

        (await _store.ReadAsync(s_shard, 0, read, None)).ShouldBe(1000);

        read.ShouldBe(s_content);
    }

    [Theory]
    [InlineData("flipped")]
    [InlineData("longer")]
    [InlineData("shorter")]
    [InlineData("no length header")]
    [InlineData("no check")]
    [InlineData("two lengths")]
    [InlineData("chunked")]
    public async Task Read_WrongAnswer_IsCorrupt(string what)
    {
        var body = LyingNode.Checked(s_content);
        var flipped = body.ToArray();
        flipped[500] ^= 1;
        var answer = what switch
        {
            "flipped" => LyingNode.Ok(flipped, "oort-length: 1000"),
            "longer" => LyingNode.Ok(LyingNode.Checked([.. s_content, 1]), "oort-length: 1001"),
            "shorter" => LyingNode.Ok(LyingNode.Checked(s_content[..999]), "oort-length: 1000"),
            "no length header" => LyingNode.Ok(body),
            "no check" => LyingNode.Ok([1, 2, 3], "oort-length: 1000"),
            "two lengths" => LyingNode.Ok(body, "oort-length: 1000", "oort-length: 999"),
            _ => Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\noort-length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n"),
        };
        _node.Answer = _ => answer;

        (await FailureAsync(async () => await _store.ReadAsync(s_shard, 0, new byte[1000], None))).ShouldBe(BackendErrorKind.Corrupt);

        // A node that lies is not asked again: there are others.
        _node.RequestCount.ShouldBe(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(100)]
    [InlineData(900)]
    public async Task Read_AnswerCutOff_IsAskedForAgainAndThenTransient(int length)
    {
        var whole = LyingNode.Ok(LyingNode.Checked(s_content), "oort-length: 1000");
        _node.Answer = _ => whole[..length];

        (await FailureAsync(async () => await _store.ReadAsync(s_shard, 0, new byte[1000], None))).ShouldBe(BackendErrorKind.Transient);
        // Before the first byte of an answer, the HTTP client asks again by itself, too.
        _node.RequestCount.ShouldBeInRange(3, length == 0 ? 12 : 3);

        // The nearest thing that is taken: cut off twice, then whole.
        var count = 0;
        _node.Answer = _ => ++count < 3 ? whole[..length] : whole;
        (await _store.ReadAsync(s_shard, 0, new byte[1000], None)).ShouldBe(1000);
    }

    [Fact]
    public async Task Put_NoAnswer_IsTransientAfterAStall()
    {
        // Long enough for a busy machine's answer to the opening.
        await using var store = await _node.OpenAsync(TestNode.ClientOptions with { StallTimeout = TimeSpan.FromSeconds(5), RetryCountMax = 0 });
        _node.Answer = _ => null;

        (await FailureAsync(async () => await store.PutAsync(s_shard, s_content, None))).ShouldBe(BackendErrorKind.Transient);
    }

    [Fact]
    public async Task Call_Cancelled_EndsAtOnceAlthoughTheNodeHangs()
    {
        _node.Answer = _ => null;
        using var source = new CancellationTokenSource();
        var put = _store.PutAsync(s_shard, s_content, source.Token).AsTask();
        var read = _store.ReadAsync(s_shard, 0, new byte[10], source.Token).AsTask();
        while (_node.RequestCount < 2) await Task.Yield();

        await source.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => put);
        await Should.ThrowAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task Dispose_WhileTheNodeHangs_EndsWhatIsUnderWay()
    {
        var store = await _node.OpenAsync();
        _node.Answer = _ => null;
        var put = store.PutAsync(s_shard, s_content, None).AsTask();
        while (_node.RequestCount < 1) await Task.Yield();

        await store.DisposeAsync();

        (await FailureAsync(() => put)).ShouldBe(BackendErrorKind.Permanent);
    }

    [Fact]
    public async Task Put_NodeWithoutRoom_IsSentAgainAndThenThrottled()
    {
        var busy = LyingNode.Http("503 Service Unavailable", "later"u8.ToArray(), "oort-error: throttled", "Retry-After: 0");
        var count = 0;
        _node.Answer = _ => ++count < 3 ? busy : LyingNode.Ok([]);

        await _store.PutAsync(s_shard, s_content, None);

        _node.RequestCount.ShouldBe(3);
        _node.Answer = _ => busy;
        (await FailureAsync(async () => await _store.PutAsync(s_shard, s_content, None))).ShouldBe(BackendErrorKind.Throttled);
    }

    [Theory]
    [InlineData("full", "507 Insufficient Storage", BackendErrorKind.Full)]
    [InlineData("read-only", "423 Locked", BackendErrorKind.ReadOnly)]
    [InlineData("corrupt", "500 Internal Server Error", BackendErrorKind.Corrupt)]
    [InlineData("permanent", "502 Bad Gateway", BackendErrorKind.Permanent)]
    [InlineData("other-store", "421 Misdirected Request", BackendErrorKind.Permanent)]
    [InlineData("no-store", "409 Conflict", BackendErrorKind.Permanent)]
    [InlineData("unauthorized", "403 Forbidden", BackendErrorKind.Unauthorized)]
    [InlineData("bad-request", "400 Bad Request", BackendErrorKind.Permanent)]
    [InlineData("transient", "500 Internal Server Error", BackendErrorKind.Transient)]
    [InlineData("not-found", "404 Not Found", BackendErrorKind.NotFound)]
    [InlineData("a name of the future", "418 I am a teapot", BackendErrorKind.Transient)]
    public async Task Put_Refused_IsOfTheKindThatTheNodeSays(string error, string status, BackendErrorKind kind)
    {
        _node.Answer = _ => LyingNode.Http(status, "the reason"u8.ToArray(), $"oort-error: {error}");

        var failure = await Should.ThrowAsync<BackendException>(async () => await _store.PutAsync(s_shard, s_content, None));

        failure.Kind.ShouldBe(kind);
        if (error != "a name of the future") failure.Message.ShouldContain("the reason");
    }

    [Fact]
    public async Task Batch_OutcomesDiffer_EachPutHasItsOwn()
    {
        using var gate = new SemaphoreSlim(0);
        await using var store = await _node.OpenAsync(TestNode.ClientOptions with { SmallPutCountMax = 1 });
        _node.Answer = head =>
        {
            if (!head.StartsWith("POST /v1/batch", StringComparison.Ordinal))
            {
                gate.Wait(None);
                return LyingNode.Ok([]);
            }

            return LyingNode.Ok(LyingNode.Checked(BatchAnswer.Encode([new(NodeErrorCode.None, ""), new(NodeErrorCode.Full, "no room"), new(NodeErrorCode.None, "")])));
        };
        // The first holds the one request that there is, so the others go together.
        var first = store.PutAsync(TestBytes.Shard(0), s_content, None).AsTask();
        while (_node.RequestCount < 1) await Task.Yield();
        var puts = Enumerable.Range(1, 3).Select(i => store.PutAsync(TestBytes.Shard((ulong)i), s_content, None).AsTask()).ToArray();
        using var source = new CancellationTokenSource();
        var cancelled = store.PutAsync(TestBytes.Shard(9), s_content, source.Token).AsTask();
        await source.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => cancelled);
        gate.Release();

        await first;
        await puts[0];
        (await FailureAsync(() => puts[1])).ShouldBe(BackendErrorKind.Full);
        await puts[2];
        _node.RequestCount.ShouldBe(2);
    }

    [Fact]
    public async Task Batch_AnswerOfAnotherCount_FailsAllOfIt()
    {
        using var gate = new SemaphoreSlim(0);
        await using var store = await _node.OpenAsync(TestNode.ClientOptions with { SmallPutCountMax = 1 });
        _node.Answer = head =>
        {
            if (head.StartsWith("POST /v1/batch", StringComparison.Ordinal)) return LyingNode.Ok(LyingNode.Checked(BatchAnswer.Encode([new(NodeErrorCode.None, "")])));
            gate.Wait(None);
            return LyingNode.Ok([]);
        };
        var first = store.PutAsync(TestBytes.Shard(0), s_content, None).AsTask();
        while (_node.RequestCount < 1) await Task.Yield();
        var puts = Enumerable.Range(1, 2).Select(i => store.PutAsync(TestBytes.Shard((ulong)i), s_content, None).AsTask()).ToArray();
        gate.Release();

        await first;
        foreach (var put in puts) (await FailureAsync(() => put)).ShouldBe(BackendErrorKind.Corrupt);
    }

    [Fact]
    public async Task Delete_AnswerLost_CountsAsDone()
    {
        var count = 0;
        _node.Answer = _ => ++count == 1 ? [] : LyingNode.Http("404 Not Found", [], "oort-error: not-found");

        (await _store.DeleteAsync(s_shard, None)).ShouldBe(DeleteOutcome.Deleted);

        count = 1;
        (await _store.DeleteAsync(s_shard, None)).ShouldBe(DeleteOutcome.NotFound);
    }

    [Theory]
    [InlineData("more\n")]
    [InlineData("end\nb\na\n")]
    [InlineData("end\nother\n")]
    public async Task List_PageThatIsNone_IsCorrupt(string page)
    {
        _node.Answer = _ => LyingNode.Ok(LyingNode.Checked(Encoding.ASCII.GetBytes(page)));

        (await FailureAsync(async () => await _store.ListBlobsAsync("a", None).ToListAsync())).ShouldBe(BackendErrorKind.Corrupt);
    }

    [Fact]
    public async Task List_PageThatRepeatsItself_IsCorruptAndNotEndless()
    {
        _node.Answer = _ => LyingNode.Ok(LyingNode.Checked(new ShardPage(true, [(new(1, 1, 0), 5)]).Encode()));

        (await FailureAsync(async () => await _store.ListAsync(None).ToListAsync())).ShouldBe(BackendErrorKind.Corrupt);
        _node.RequestCount.ShouldBe(2);
    }

    [Fact]
    public async Task Probe_StatusOfAnotherNodeOrStore_IsRefused()
    {
        using var other = NodeIdentity.Create();
        _node.Answer = head => head.StartsWith("GET /v1/status", StringComparison.Ordinal) ? LyingNode.Ok((_node.Status() with { Node = other.Id.ToString() }).Encode()) : [];
        (await FailureAsync(async () => await _store.ProbeAsync(None))).ShouldBe(BackendErrorKind.Corrupt);

        foreach (var status in new[] { _node.Status() with { Store = "00000000000000000000000000000006" }, _node.Status() with { Store = null, Cluster = null }, _node.Status() with { Protocol = 2 } })
        {
            _node.Answer = head => head.StartsWith("GET /v1/status", StringComparison.Ordinal) ? LyingNode.Ok(status.Encode()) : [];
            (await FailureAsync(async () => await _store.ProbeAsync(None))).ShouldBe(BackendErrorKind.Permanent);
        }

        _node.Answer = _ => [];
        (await _store.ProbeAsync(None)).Refusal.ShouldBeNull();
    }

    [Fact]
    public async Task Open_AtAnotherNodesAddress_IsPermanentAndNamesIt()
    {
        using var wanted = NodeIdentity.Create();

        var failure = await Should.ThrowAsync<BackendException>(() => NodeStore.OpenAsync(_node.Address with { Id = wanted.Id }, _node.Gateway, TestNode.Cluster, TestNode.ClientOptions, None));

        failure.Kind.ShouldBe(BackendErrorKind.Permanent);
        failure.Message.ShouldContain(_node.Identity.Id.ToString());
        _node.RequestCount.ShouldBe(0);
    }

    [Fact]
    public async Task Receipt_OfAnotherNodeShardOrStore_IsCorrupt()
    {
        using var other = NodeIdentity.Create();
        var root = new MerkleRoot().Finish();
        var store = StoreId.Parse(LyingNode.Store).Value;
        var right = StorageReceipt.Sign(_node.Identity, new(1, 1, 0), store, 0, 0, 1, root);
        foreach (var receipt in new[]
        {
            StorageReceipt.Sign(other, new(1, 1, 0), store, 0, 0, 1, root),
            StorageReceipt.Sign(_node.Identity, new(1, 2, 0), store, 0, 0, 1, root),
            StorageReceipt.Sign(_node.Identity, new(1, 1, 0), store + 1, 0, 0, 1, root),
            right[..^1],
        })
        {
            _node.Answer = _ => LyingNode.Ok(LyingNode.Checked(receipt));
            (await FailureAsync(() => _store.GetReceiptAsync(s_shard, None))).ShouldBe(BackendErrorKind.Corrupt);
        }

        _node.Answer = _ => LyingNode.Ok(LyingNode.Checked(right));
        (await _store.GetReceiptAsync(s_shard, None)).Node.ShouldBe(_node.Identity.Id);
    }

    private static async Task<BackendErrorKind> FailureAsync(Func<Task> call) => (await Should.ThrowAsync<BackendException>(call)).Kind;
}
