using Oort.Gateway.Errors;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Errors;

public sealed class InnerErrorsTests
{
    /// <summary>The table, written a second time: a new outcome fails the count below until it has a row here too.</summary>
    private static readonly Dictionary<CommitOutcome, (string Code, int Status)> commits = new()
    {
        [CommitOutcome.NoSuchBucket] = ("NoSuchBucket", 404),
        [CommitOutcome.NoSuchKey] = ("NoSuchKey", 404),
        [CommitOutcome.NoSuchVersion] = ("NoSuchVersion", 404),
        [CommitOutcome.NoSuchUpload] = ("NoSuchUpload", 404),
        [CommitOutcome.PreconditionFailed] = ("PreconditionFailed", 412),
        [CommitOutcome.Conflict] = ("ConditionalRequestConflict", 409),
        [CommitOutcome.BucketNotEmpty] = ("BucketNotEmpty", 409),
        [CommitOutcome.BucketExists] = ("BucketAlreadyExists", 409),
        [CommitOutcome.DataGone] = ("SlowDown", 503),
        [CommitOutcome.TooManyExtents] = ("InvalidRequest", 400),
        [CommitOutcome.QuotaExceeded] = ("QuotaExceeded", 403),
        [CommitOutcome.Locked] = ("AccessDenied", 403),
        [CommitOutcome.BucketLocked] = ("InvalidBucketState", 409),
        [CommitOutcome.Fenced] = ("ServiceUnavailable", 503),
    };

    private static readonly Dictionary<BodyMismatch, (string Code, int Status)> mismatches = new()
    {
        [BodyMismatch.Length] = ("IncompleteBody", 400),
        [BodyMismatch.Md5] = ("BadDigest", 400),
        [BodyMismatch.Checksum] = ("BadDigest", 400),
        [BodyMismatch.Trailer] = ("MalformedTrailerError", 400),
    };

    [Fact]
    public void Of_EveryCommitOutcome_IsTheDocumentedError()
    {
        foreach (var outcome in Enum.GetValues<CommitOutcome>().Where(outcome => outcome != CommitOutcome.Done))
        {
            commits.ShouldContainKey(outcome);
            var error = InnerErrors.Of(outcome);
            (error.Code, error.Status).ShouldBe(commits[outcome]);
        }
    }

    [Fact]
    public void Of_Done_IsRefused() => Should.Throw<ArgumentException>(() => InnerErrors.Of(CommitOutcome.Done));

    [Fact]
    public void Of_EveryBodyMismatch_IsTheDocumentedError()
    {
        foreach (var mismatch in Enum.GetValues<BodyMismatch>())
        {
            mismatches.ShouldContainKey(mismatch);
            var error = InnerErrors.Of(new BodyMismatchException(mismatch));
            error.ShouldNotBeNull();
            (error.Code, error.Status).ShouldBe(mismatches[mismatch]);
        }
    }

    /// <summary>Every exception that the layers below declare has a row, so that none becomes InternalError by oversight.</summary>
    [Fact]
    public void Of_EveryDeclaredException_HasARow()
    {
        Exception[] known =
        [
            new ObjectUnavailableException(""),
            new OverloadedException(""),
            new MetadataUnavailableException(""),
            new VersionGoneException(""),
        ];
        foreach (var failure in known)
        {
            var error = InnerErrors.Of(failure);
            error.ShouldNotBeNull();
            (error.Code, error.Status).ShouldBe(("SlowDown", 503));
        }
    }

    [Fact]
    public void Of_S3Exception_IsItsOwnError() => InnerErrors.Of(new S3Exception(S3Errors.InvalidPart)).ShouldBe(S3Errors.InvalidPart);

    [Fact]
    public void Of_Bug_HasNoRow() => InnerErrors.Of(new InvalidOperationException()).ShouldBeNull();
}
