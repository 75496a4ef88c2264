using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Shouldly;

namespace Oort.Gateway.Tests.Model;

/// <summary>What a request must be answered.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">S3's error code, "" for none.</param>
internal readonly record struct Expected(int Status, string Code = "")
{
    public static readonly Expected NoSuchBucket = new(404, "NoSuchBucket");
    public static readonly Expected NoSuchKey = new(404, "NoSuchKey");
    public static readonly Expected NoSuchVersion = new(404, "NoSuchVersion");
    public static readonly Expected NoSuchUpload = new(404, "NoSuchUpload");
    public static readonly Expected PreconditionFailed = new(412, "PreconditionFailed");
    public static readonly Expected InvalidArgument = new(400, "InvalidArgument");
    public static readonly Expected InvalidRequest = new(400, "InvalidRequest");
    public static readonly Expected InvalidRange = new(416, "InvalidRange");

    public bool IsError => Status >= 400;

    /// <param name="done">What success is answered.</param>
    public static Expected Of(CommitOutcome outcome, int done = 200) => outcome switch
    {
        CommitOutcome.Done => new(done),
        CommitOutcome.NoSuchKey => NoSuchKey,
        CommitOutcome.PreconditionFailed => PreconditionFailed,
        CommitOutcome.NoSuchUpload => NoSuchUpload,
        CommitOutcome.BucketNotEmpty => new(409, "BucketNotEmpty"),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "The model knows no such outcome."),
    };

    /// <summary>Compares status and, where there is a body, the code.</summary>
    public void Check(RawAnswer answer)
    {
        answer.Status.ShouldBe(Status, answer.Status >= 400 ? answer.Text : "");
        if (answer.Body.Length > 0 && IsError) answer.Code.ShouldBe(Code);
    }
}
