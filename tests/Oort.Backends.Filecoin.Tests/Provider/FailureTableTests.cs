using System.Net;
using Oort.Evm;
using Shouldly;

namespace Oort.Backends.Filecoin.Tests.Provider;

public sealed class FailureTableTests
{
    [Theory]
    [InlineData(301, BackendErrorKind.Unauthorized)]
    [InlineData(307, BackendErrorKind.Unauthorized)]
    [InlineData(400, BackendErrorKind.Permanent)]
    [InlineData(401, BackendErrorKind.Unauthorized)]
    [InlineData(402, BackendErrorKind.Funds)]
    [InlineData(403, BackendErrorKind.Unauthorized)]
    [InlineData(404, BackendErrorKind.Unauthorized)]
    [InlineData(405, BackendErrorKind.Unauthorized)]
    [InlineData(408, BackendErrorKind.Transient)]
    [InlineData(409, BackendErrorKind.Unauthorized)]
    [InlineData(413, BackendErrorKind.Permanent)]
    [InlineData(429, BackendErrorKind.Throttled)]
    [InlineData(500, BackendErrorKind.Transient)]
    [InlineData(502, BackendErrorKind.Transient)]
    [InlineData(503, BackendErrorKind.Transient)]
    [InlineData(507, BackendErrorKind.Full)]
    [InlineData(204, BackendErrorKind.Transient)]
    public void Status_OfAProvider_IsWhatTheTableSays(int status, BackendErrorKind expected)
    {
        var failure = PdpFailures.Of("A call", (HttpStatusCode)status, "it\u001b[31m says\r\nso" + new string('x', 1_000));
        failure.Kind.ShouldBe(expected);
        failure.Message.ShouldStartWith($"A call was answered with status {status} (it[31m saysso");
        failure.Message.Length.ShouldBeLessThan(400);
        failure.Message.ShouldEndWith(".");
    }

    [Theory]
    [InlineData(EvmErrorKind.Transient, BackendErrorKind.Transient)]
    [InlineData(EvmErrorKind.Throttled, BackendErrorKind.Throttled)]
    [InlineData(EvmErrorKind.Reverted, BackendErrorKind.Unauthorized)]
    [InlineData(EvmErrorKind.Funds, BackendErrorKind.Funds)]
    [InlineData(EvmErrorKind.NonceTooLow, BackendErrorKind.Transient)]
    [InlineData(EvmErrorKind.Underpriced, BackendErrorKind.Transient)]
    [InlineData(EvmErrorKind.AlreadyKnown, BackendErrorKind.Transient)]
    [InlineData(EvmErrorKind.Unsupported, BackendErrorKind.Unauthorized)]
    [InlineData(EvmErrorKind.Malformed, BackendErrorKind.Unauthorized)]
    [InlineData(EvmErrorKind.Unauthorized, BackendErrorKind.Unauthorized)]
    [InlineData(EvmErrorKind.Refused, BackendErrorKind.Unauthorized)]
    public async Task Failure_OfANode_IsWhatTheTableSays(EvmErrorKind kind, BackendErrorKind expected)
    {
        var failure = await Should.ThrowAsync<BackendException>(() => ChainFailures.GuardAsync<int>(() => throw new EvmException(kind, "What happened.")));
        failure.Kind.ShouldBe(expected);
        failure.Message.ShouldStartWith("What happened. ");
    }

    [Fact]
    public void Kinds_OfANode_AreAllInTheTable()
    {
        var rows = typeof(FailureTableTests).GetMethod(nameof(Failure_OfANode_IsWhatTheTableSays))!.GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>();
        rows.Select(row => (EvmErrorKind)row.Data[0]!).Order().ShouldBe(Enum.GetValues<EvmErrorKind>().Order());
    }
}
