using System.Net;
using Oort.S3.Client;
using Shouldly;

namespace Oort.Backends.S3.Tests;

public sealed class S3FailuresTests
{
    [Theory]
    [InlineData(S3ErrorKind.Transient, "InternalError", 500, BackendErrorKind.Transient)]
    [InlineData(S3ErrorKind.Transient, "", 507, BackendErrorKind.Full)]
    [InlineData(S3ErrorKind.Denied, "QuotaExceeded", 403, BackendErrorKind.Full)]
    [InlineData(S3ErrorKind.Throttled, "SlowDown", 503, BackendErrorKind.Throttled)]
    [InlineData(S3ErrorKind.NotFound, "NoSuchKey", 404, BackendErrorKind.NotFound)]
    [InlineData(S3ErrorKind.NotFound, "NotFound", 404, BackendErrorKind.NotFound)]
    [InlineData(S3ErrorKind.NotFound, "NoSuchBucket", 404, BackendErrorKind.Unauthorized)]
    [InlineData(S3ErrorKind.Denied, "AccessDenied", 403, BackendErrorKind.Unauthorized)]
    [InlineData(S3ErrorKind.Denied, "AccountProblem", 403, BackendErrorKind.Funds)]
    [InlineData(S3ErrorKind.Invalid, "", 402, BackendErrorKind.Funds)]
    [InlineData(S3ErrorKind.PreconditionFailed, "PreconditionFailed", 412, BackendErrorKind.Permanent)]
    [InlineData(S3ErrorKind.Conflict, "InvalidObjectState", 403, BackendErrorKind.Archived)]
    [InlineData(S3ErrorKind.Conflict, "OperationAborted", 409, BackendErrorKind.Transient)]
    [InlineData(S3ErrorKind.NotSupported, "NotImplemented", 501, BackendErrorKind.Permanent)]
    [InlineData(S3ErrorKind.Invalid, "InvalidArgument", 400, BackendErrorKind.Permanent)]
    [InlineData(S3ErrorKind.BadAnswer, "", 200, BackendErrorKind.Transient)]
    [InlineData(S3ErrorKind.Corrupt, "", 200, BackendErrorKind.Corrupt)]
    [InlineData(S3ErrorKind.Refused, "", 0, BackendErrorKind.Unauthorized)]
    public void Failure_OfACloud_IsWhatTheTableSays(S3ErrorKind kind, string code, int status, BackendErrorKind expected)
    {
        var failure = S3Failures.Of(new(kind, "what happened.") { Code = code, Status = status == 0 ? null : (HttpStatusCode)status });
        failure.Kind.ShouldBe(expected);
        // What happened, and what to do.
        failure.Message.ShouldStartWith("what happened. ");
        failure.Message.Length.ShouldBeGreaterThan("what happened. ".Length);
    }

    [Fact]
    public void Kinds_OfTheClient_AreAllInTheTable()
    {
        var rows = typeof(S3FailuresTests).GetMethod(nameof(Failure_OfACloud_IsWhatTheTableSays))!.GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>();
        rows.Select(row => (S3ErrorKind)row.Data[0]!).Distinct().Order().ShouldBe(Enum.GetValues<S3ErrorKind>().Order());
    }
}
