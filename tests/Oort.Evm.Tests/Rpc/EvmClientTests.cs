using System.Net;
using System.Net.Http.Headers;
using System.Numerics;
using Oort.Evm.Tests.Support;
using Shouldly;

namespace Oort.Evm.Tests.Rpc;

public sealed class EvmClientTests
{
    private const string Hash1 = "0x1111111111111111111111111111111111111111111111111111111111111111";
    private const string Hash2 = "0x2222222222222222222222222222222222222222222222222222222222222222";
    private const string Account = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

    private static readonly EvmAddress account = EvmAddress.Parse(Account);

    [Fact]
    public async Task Requests_AreWhatNodesTake()
    {
        var node = FakeNode.WithResult("\"0x1\"");
        var client = node.Client();
        await client.GetChainIdAsync(default);
        await client.GetBlockNumberAsync(default);
        await client.GetBalanceAsync(account, EvmBlockTag.Finalized, default);
        await client.GetTransactionCountAsync(account, EvmBlockTag.Pending, default);
        await client.GetGasPriceAsync(default);
        await client.EstimateGasAsync(new() { From = account, To = account, Data = new byte[] { 1 }, Value = 10 }, default);
        await Should.ThrowAsync<EvmException>(client.CallAsync(new() { To = account }, EvmBlockTag.At(16), default));
        node.Requests.ShouldBe(
        [
            """{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}""",
            """{"jsonrpc":"2.0","id":2,"method":"eth_blockNumber","params":[]}""",
            $$"""{"jsonrpc":"2.0","id":3,"method":"eth_getBalance","params":["{{Account}}","finalized"]}""",
            $$"""{"jsonrpc":"2.0","id":4,"method":"eth_getTransactionCount","params":["{{Account}}","pending"]}""",
            """{"jsonrpc":"2.0","id":5,"method":"eth_gasPrice","params":[]}""",
            $$"""{"jsonrpc":"2.0","id":6,"method":"eth_estimateGas","params":[{"from":"{{Account}}","to":"{{Account}}","data":"0x01","value":"0xa"}]}""",
            $$"""{"jsonrpc":"2.0","id":7,"method":"eth_call","params":[{"to":"{{Account}}","data":"0x"},"0x10"]}""",
        ]);
        node.Authorization.ShouldBe("Bearer t0k3n");
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":$ID,"result":null}""")]
    [InlineData("""{"jsonrpc":"2.0","id":$ID}""")]
    [InlineData("""{"jsonrpc":"2.0","id":99,"result":"0x1"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":"1","result":"0x1"}""")]
    [InlineData("""{"jsonrpc":"2.0","result":"0x1"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":$ID,"result":"0x1","result":"0x2"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":$ID,"result":1}""")]
    [InlineData("""{"jsonrpc":"2.0","id":$ID,"result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":$ID,"result":"1"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":$ID,"result":"0x01"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":$ID,"result":"0x10000000000000000"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":$ID,"result":"0x1"} x""")]
    [InlineData("""{"jsonrpc":"2.0","id":$ID,"result":"0x1" """)]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("<html>")]
    public async Task Answer_OfAnotherForm_IsMalformed(string answer)
    {
        var e = await Should.ThrowAsync<EvmException>(new FakeNode(answer).Client().GetChainIdAsync(default));
        e.Kind.ShouldBe(EvmErrorKind.Malformed);
        e.Message.ShouldNotContain("s3cr3t");
    }

    /// <summary>What geth, Erigon, Nethermind, Besu, anvil and Lotus say.</summary>
    [Theory]
    [InlineData(-32000, "insufficient funds for gas * price + value: address 0x… have 0 want 1", EvmErrorKind.Funds)]
    [InlineData(-32003, "Insufficient funds for gas * price + value", EvmErrorKind.Funds)]
    [InlineData(-32010, "InsufficientFunds, Account balance: 0", EvmErrorKind.Funds)]
    [InlineData(-32004, "Upfront cost exceeds account balance", EvmErrorKind.Funds)]
    [InlineData(1, "mpool push: not enough funds to execute transaction", EvmErrorKind.Funds)]
    [InlineData(-32000, "nonce too low: next nonce 2, tx nonce 1", EvmErrorKind.NonceTooLow)]
    [InlineData(-32003, "nonce too low", EvmErrorKind.NonceTooLow)]
    [InlineData(1, "message nonce too low", EvmErrorKind.NonceTooLow)]
    [InlineData(-32010, "OldNonce, Current nonce: 5, nonce of rejected tx: 4", EvmErrorKind.NonceTooLow)]
    [InlineData(-32000, "replacement transaction underpriced", EvmErrorKind.Underpriced)]
    [InlineData(-32000, "transaction underpriced: tip needed 1, tip permitted 0", EvmErrorKind.Underpriced)]
    [InlineData(-32000, "max fee per gas less than block base fee: address 0x…, maxFeePerGas: 1 baseFee: 7", EvmErrorKind.Underpriced)]
    [InlineData(1, "message from f4… with nonce 3 already in mpool, increase GasPremium to 2 from 1 to trigger replace by fee: replace by fee has too low GasPremium", EvmErrorKind.Underpriced)]
    [InlineData(-32000, "already known", EvmErrorKind.AlreadyKnown)]
    [InlineData(-32010, "AlreadyKnown", EvmErrorKind.AlreadyKnown)]
    [InlineData(-32003, "transaction already imported", EvmErrorKind.AlreadyKnown)]
    [InlineData(-32000, "Known transaction", EvmErrorKind.AlreadyKnown)]
    [InlineData(1, "message with nonce already exists", EvmErrorKind.AlreadyKnown)]
    [InlineData(-32005, "daily request count exceeded", EvmErrorKind.Throttled)]
    [InlineData(-32000, "Too Many Requests", EvmErrorKind.Throttled)]
    [InlineData(-32601, "the method eth_feeHistory does not exist", EvmErrorKind.Unsupported)]
    [InlineData(-32000, "transaction type not supported", EvmErrorKind.Unsupported)]
    [InlineData(-32603, "Internal error", EvmErrorKind.Transient)]
    [InlineData(-32000, "header not found", EvmErrorKind.Transient)]
    [InlineData(-32602, "invalid argument 0", EvmErrorKind.Refused)]
    [InlineData(-32000, "intrinsic gas too low", EvmErrorKind.Refused)]
    [InlineData(3, "execution reverted", EvmErrorKind.Reverted)]
    [InlineData(-32000, "execution reverted: insufficient funds", EvmErrorKind.Reverted)]
    public async Task Error_OfANode_HasItsKind(int code, string message, EvmErrorKind kind)
    {
        var e = await Should.ThrowAsync<EvmException>(FakeNode.WithError($$"""{"code":{{code}},"message":"{{message}}"}""").Client().GetChainIdAsync(default));
        e.Kind.ShouldBe(kind);
        e.Code.ShouldBe(code);
        (e.Revert is not null).ShouldBe(kind == EvmErrorKind.Reverted);
        e.Message.ShouldEndWith(".");
    }

    [Theory]
    [InlineData("\"$DATA\"")]
    [InlineData("\"Reverted $DATA\"")]
    [InlineData("""{"data":"$DATA"}""")]
    [InlineData("""{"result":"$DATA"}""")]
    [InlineData("""{"data":{"message":"x","data":"$DATA"}}""")]
    public async Task Revert_InAnyPlace_IsRead(string data)
    {
        var bytes = new AbiFunction("Error(string)").Encode("No node to choose");
        var error = $$"""{"code":-32015,"message":"VM execution error.","data":{{data.Replace("$DATA", EvmHex.Encode(bytes), StringComparison.Ordinal)}}}""";
        var e = await Should.ThrowAsync<EvmException>(FakeNode.WithError(error).Client().CallAsync(new() { To = account }, default));
        e.Kind.ShouldBe(EvmErrorKind.Reverted);
        e.Revert!.Text.ShouldBe("No node to choose");
        e.Revert.Data.ToArray().ShouldBe(bytes);
        e.Message.ShouldContain("No node to choose");
    }

    [Theory]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("\"0xabc\"")]
    [InlineData("""{"data":{"data":{"data":{"data":{"data":"0x00"}}}}}""")]
    public async Task Revert_WithDataThatAreNone_HasNone(string data)
    {
        var e = await Should.ThrowAsync<EvmException>(FakeNode.WithError($$"""{"code":3,"message":"execution reverted: because","data":{{data}}}""").Client().CallAsync(new() { To = account }, default));
        e.Revert!.Data.IsEmpty.ShouldBeTrue();
        e.Message.ShouldContain("because");
    }

    [Theory]
    [InlineData(401, EvmErrorKind.Unauthorized)]
    [InlineData(403, EvmErrorKind.Unauthorized)]
    [InlineData(404, EvmErrorKind.Refused)]
    [InlineData(301, EvmErrorKind.Refused)]
    [InlineData(408, EvmErrorKind.Transient)]
    [InlineData(429, EvmErrorKind.Throttled)]
    [InlineData(500, EvmErrorKind.Transient)]
    [InlineData(503, EvmErrorKind.Transient)]
    public async Task Status_OfNoSuccess_HasItsKind(int status, EvmErrorKind kind)
    {
        var e = await Should.ThrowAsync<EvmException>(new FakeNode("<html>", (HttpStatusCode)status).Client().GetChainIdAsync(default));
        (e.Kind, e.Status).ShouldBe((kind, (HttpStatusCode)status));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(500)]
    public async Task Status_WithAnErrorInItsBody_IsThatError(int status)
    {
        var node = new FakeNode("""{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"already known"}}""", (HttpStatusCode)status);
        (await Should.ThrowAsync<EvmException>(node.Client().GetChainIdAsync(default))).Kind.ShouldBe(EvmErrorKind.AlreadyKnown);
    }

    [Fact]
    public async Task RetryAfter_IsPassedOn()
    {
        var node = new FakeNode(_ =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
            response.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(7));
            return response;
        });
        (await Should.ThrowAsync<EvmException>(node.Client().GetChainIdAsync(default))).RetryAfter.ShouldBe(TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task Answer_LargerThanTheLimit_IsNotReadToItsEnd()
    {
        var endless = new EndlessStream();
        var node = new FakeNode(_ => new(HttpStatusCode.OK) { Content = new StreamContent(endless) });
        var e = await Should.ThrowAsync<EvmException>(node.Client(answerSizeMax: 100_000).GetChainIdAsync(default));
        e.Kind.ShouldBe(EvmErrorKind.Malformed);
        endless.ReadBytes.ShouldBeLessThan(200_000);
    }

    [Fact]
    public async Task Node_ThatIsNotThere_IsTransient_AndTheCallersEndIsHis()
    {
        var gone = new FakeNode(_ => throw new HttpRequestException("no route to host"));
        var e = await Should.ThrowAsync<EvmException>(gone.Client().GetChainIdAsync(default));
        e.Kind.ShouldBe(EvmErrorKind.Transient);
        e.Message.ShouldContain("node.example");
        e.Message.ShouldNotContain("s3cr3t");
        await Should.ThrowAsync<OperationCanceledException>(gone.Client().GetChainIdAsync(new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Node_ThatAnswersTooLate_IsTransient()
    {
        var silent = new FakeNode(_ => new(HttpStatusCode.OK) { Content = new StreamContent(new SilentStream()) });
        var e = await Should.ThrowAsync<EvmException>(silent.Client(new ImpatientTime()).GetChainIdAsync(default).WaitAsync(TimeSpan.FromMinutes(5)));
        e.Kind.ShouldBe(EvmErrorKind.Transient);
        e.Message.ShouldContain("longer than 30 seconds");
    }

    [Fact]
    public void Options_InText_HaveNoSecret()
    {
        var text = new EvmClientOptions { Endpoint = new Uri("https://u:p4ss@node.example/v3/s3cr3t"), Authorization = "Bearer t0k3n" }.ToString();
        text.ShouldContain("node.example");
        foreach (var secret in (string[])["s3cr3t", "t0k3n", "p4ss"]) text.ShouldNotContain(secret);
    }

    [Fact]
    public async Task Send_WhoseHashIsAnother_IsMalformed()
    {
        using var key = Vectors.Key();
        var signed = new LegacyTransaction { ChainId = 1, Nonce = 0, GasLimit = 21_000, To = account, GasPrice = 1 }.Sign(key);
        await FakeNode.WithResult($"\"{signed.Hash}\"").Client().SendAsync(signed, default);
        (await Should.ThrowAsync<EvmException>(FakeNode.WithResult($"\"{Hash1}\"").Client().SendAsync(signed, default))).Kind.ShouldBe(EvmErrorKind.Malformed);
    }

    [Fact]
    public async Task Receipt_IsRead_OrNotThereYet()
    {
        (await FakeNode.WithResult("null").Client().GetReceiptAsync(EvmHash.Parse(Hash1), default)).ShouldBeNull();
        var receipt = await FakeNode.WithResult(Receipt(Hash1, "0x1", Log(Hash1, "0x5"))).Client().GetReceiptAsync(EvmHash.Parse(Hash1), default);
        receipt!.HasSucceeded.ShouldBeTrue();
        (receipt.BlockNumber, receipt.GasUsed, receipt.GasPrice, receipt.Contract).ShouldBe((5UL, 21_000UL, (BigInteger)7, null));
        receipt.Logs.Single().Topics.ShouldBe([EvmHash.Parse(Hash2)]);
        (await FakeNode.WithResult(Receipt(Hash1, "0x0")).Client().GetReceiptAsync(EvmHash.Parse(Hash1), default))!.HasSucceeded.ShouldBeFalse();
    }

    public static TheoryData<string> WrongReceipts =>
    [
        Receipt(Hash2, "0x1"), Receipt(Hash1, "0x2"), Receipt(Hash1, "0x1", Log(Hash2, "0x5")), Receipt(Hash1, "0x1", Log(Hash1, "0x6")), Receipt(Hash1, "0x1").Replace("\"status\"", "\"root\"", StringComparison.Ordinal),
        Receipt(Hash1, "0x1").Replace("\"0x5208\"", "null", StringComparison.Ordinal), Receipt(Hash1, "0x1").Replace("\"0x5208\"", "21000", StringComparison.Ordinal),
        Receipt(Hash1, "0x1").Replace("[]", "[null]", StringComparison.Ordinal), Receipt(Hash1, "0x1").Replace("[]", "null", StringComparison.Ordinal),
        Receipt(Hash1, "0x1", Log(Hash1, "0x5").Replace($"[\"{Hash2}\"]", "[null]", StringComparison.Ordinal)),
        Receipt(Hash1, "0x1", Log(Hash1, "0x5").Replace($"[\"{Hash2}\"]", $"[\"{Hash2}\",\"{Hash2}\",\"{Hash2}\",\"{Hash2}\",\"{Hash2}\"]", StringComparison.Ordinal)),
    ];

    [Theory]
    [MemberData(nameof(WrongReceipts))]
    public async Task Receipt_ThatContradictsItself_IsMalformed(string receipt) =>
        (await Should.ThrowAsync<EvmException>(FakeNode.WithResult(receipt).Client().GetReceiptAsync(EvmHash.Parse(Hash1), default))).Kind.ShouldBe(EvmErrorKind.Malformed);

    [Fact]
    public async Task Logs_ThatWereNotAskedFor_AreMalformed()
    {
        var filter = new EvmLogFilter { Address = account, FromBlock = 5, ToBlock = 6, Topics = [EvmHash.Parse(Hash2)] };
        var node = FakeNode.WithResult($"[{Log(Hash1, "0x5")},{Log(Hash1, "0x6")}]");
        (await node.Client().GetLogsAsync(filter, default)).Count.ShouldBe(2);
        node.Requests.Single().ShouldContain($$"""[{"address":"{{Account}}","fromBlock":"0x5","toBlock":"0x6","topics":["{{Hash2}}"]}]""");
        (await node.Client().GetLogsAsync(filter with { Topics = [null] }, default)).Count.ShouldBe(2);
        (await Should.ThrowAsync<EvmException>(FakeNode.WithResult("[null]").Client().GetLogsAsync(filter, default))).Kind.ShouldBe(EvmErrorKind.Malformed);
        foreach (var other in new[] { filter with { FromBlock = 6 }, filter with { ToBlock = 5 }, filter with { Address = default }, filter with { Topics = [EvmHash.Parse(Hash1)] }, filter with { Topics = [null, null] } })
            (await Should.ThrowAsync<EvmException>(node.Client().GetLogsAsync(other, default))).Kind.ShouldBe(EvmErrorKind.Malformed);
    }

    [Fact]
    public async Task FeeHistory_SuggestsFees()
    {
        var node = FakeNode.WithResult("""{"oldestBlock":"0x5","baseFeePerGas":["0x64","0x6e","0x78"],"gasUsedRatio":[0.5,1],"reward":[["0x3"],["0x9"]]}""");
        var history = await node.Client().GetFeeHistoryAsync(2, [50], default);
        node.Requests.Single().ShouldContain("""["0x2","latest",[50]]""");
        history.BaseFeesPerGas.ShouldBe([100, 110, 120]);
        history.Suggest(1, 1_000).ShouldBe((249, 9));
        history.Suggest(20, 1_000).ShouldBe((260, 20));
        (await FakeNode.WithResult("""{"oldestBlock":"0x0","baseFeePerGas":["0x64"]}""").Client().GetFeeHistoryAsync(1, [], default)).Suggest(2, 1_000).ShouldBe((202, 2));
        foreach (var wrong in (string[])["[]", "null", "[null]", "[1]", "[\"0x1\"],\"reward\":[null]", "[\"0x1\"],\"reward\":[[null]]"])
            (await Should.ThrowAsync<EvmException>(FakeNode.WithResult($$"""{"oldestBlock":"0x0","baseFeePerGas":{{wrong}}}""").Client().GetFeeHistoryAsync(1, [], default))).Kind.ShouldBe(EvmErrorKind.Malformed, wrong);
    }

    [Fact]
    public async Task FeeHistory_OfANodeThatNamesAnyFee_IsHeldBelowTheMaximum()
    {
        var history = await FakeNode.WithResult("""{"oldestBlock":"0x5","baseFeePerGas":["0x64","0x78"],"reward":[["0x38d7ea4c68000"]]}""").Client().GetFeeHistoryAsync(1, [50], default);
        history.Suggest(1, 200).ShouldBe((200, 200));
        history.Suggest(1, 120).ShouldBe((120, 120));
        history.Suggest(500, 120).ShouldBe((120, 120));
        var failure = Should.Throw<EvmException>(() => history.Suggest(1, 119));
        (failure.Kind, failure.Message.Contains("119", StringComparison.Ordinal)).ShouldBe((EvmErrorKind.Underpriced, true));
    }

    [Fact]
    public async Task Block_IsRead_OrNotThere()
    {
        (await FakeNode.WithResult("null").Client().GetBlockAsync(EvmBlockTag.At(9), default)).ShouldBeNull();
        var block = $$"""{"number":"0x9","hash":"{{Hash1}}","parentHash":"{{Hash2}}","timestamp":"0x6553f100","baseFeePerGas":"0x7","gasLimit":"0x10","gasUsed":"0x0","transactions":[]}""";
        var read = await FakeNode.WithResult(block).Client().GetBlockAsync(EvmBlockTag.At(9), default);
        (read!.Number, read.Time, read.BaseFeePerGas).ShouldBe((9UL, DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), (BigInteger)7));
        var late = block.Replace("0x6553f100", "0xffffffffffffffff", StringComparison.Ordinal);
        (await Should.ThrowAsync<EvmException>(FakeNode.WithResult(late).Client().GetBlockAsync(EvmBlockTag.At(9), default))).Kind.ShouldBe(EvmErrorKind.Malformed);
    }

    private static string Receipt(string hash, string status, params string[] logs) =>
        $$"""{"transactionHash":"{{hash}}","blockHash":"{{Hash2}}","blockNumber":"0x5","status":"{{status}}","gasUsed":"0x5208","effectiveGasPrice":"0x7","contractAddress":null,"type":"0x2","logs":[{{string.Join(',', logs)}}]}""";

    private static string Log(string transaction, string block) =>
        $$"""{"address":"{{Account.ToLowerInvariant()}}","topics":["{{Hash2}}"],"data":"0x","blockNumber":"{{block}}","blockHash":"{{Hash2}}","transactionHash":"{{transaction}}","transactionIndex":"0x0","logIndex":"0x0","removed":false}""";

    /// <summary>As many bytes as are read.</summary>
    private sealed class EndlessStream : MemoryStream
    {
        public long ReadBytes { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)' ');
            ReadBytes += buffer.Length;
            return ValueTask.FromResult(buffer.Length);
        }
    }

    /// <summary>No byte ever comes.</summary>
    private sealed class SilentStream : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }

    /// <summary>Whatever is waited for is over soon.</summary>
    private sealed class ImpatientTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(callback, state, TimeSpan.FromMilliseconds(20), period);
    }
}
