using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Oort.S3;
using Oort.Shared;
using Shouldly;

namespace Oort.Gateway.Tests.Model;

/// <summary>Locks: buckets that begin to lock, retentions, legal holds.</summary>
internal sealed partial class ModelRun
{
    private static readonly Expected locked = new(403, "AccessDenied");
    private static readonly Expected wrongState = new(409, "InvalidBucketState");

    /// <summary>Long after any run; so retentions of a model's run never end.</summary>
    private static readonly DateTimeOffset far = new(2150, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private async Task StartLocksAsync(string bucket)
    {
        var answer = await SendAsync("PUT", $"/{bucket}?object-lock", "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"u8.ToArray());
        if (Find(bucket, answer) is not { } model) return;
        (model.StartLocks() == CommitOutcome.Done ? new Expected(200) : wrongState).Check(answer);
    }

    private async Task RetainAsync(string bucket, string key, Step step)
    {
        var (id, bypasses) = (AnyVersionId(bucket, key, step.A), step.B % 4 == 0);
        var term = step.B % 7 == 0 ? LockTerm.None : new LockTerm((RetentionMode)(1 + (step.B % 2)), far.AddDays(step.B % 3));
        var body = term.Mode == RetentionMode.None ? "<Retention/>" : $"<Retention><Mode>{Name(term.Mode)}</Mode><RetainUntilDate>{ObjectLockReader.FormatDate(term.Until)}</RetainUntilDate></Retention>";
        (string, string)[] headers = bypasses ? [("x-amz-bypass-governance-retention", "true")] : [];
        var answer = await SendAsync("PUT", Target(bucket, key, "retention", $"versionId={id}"), System.Text.Encoding.UTF8.GetBytes(body), headers);
        if (Lockable(bucket, key, id, answer) is not { } model) return;
        (model.Retain(key, id, term, bypasses) == CommitOutcome.Locked ? locked : new Expected(200)).Check(answer);
        await CheckLockAsync(bucket, model.Find(key, id)!);
    }

    private async Task HoldAsync(string bucket, string key, Step step)
    {
        var (id, isOn) = (AnyVersionId(bucket, key, step.A), step.B % 3 == 0);
        var answer = await SendAsync("PUT", Target(bucket, key, "legal-hold", $"versionId={id}"), System.Text.Encoding.UTF8.GetBytes($"<LegalHold><Status>{(isOn ? "ON" : "OFF")}</Status></LegalHold>"));
        if (Lockable(bucket, key, id, answer) is not { } model) return;
        model.Hold(key, id, isOn ? LegalHold.On : LegalHold.Off).ShouldBe(CommitOutcome.Done);
        new Expected(200).Check(answer);
        await CheckLockAsync(bucket, model.Find(key, id)!);
    }

    /// <summary>The model of a bucket that locks and has the version; null: the answer has said what is missing.</summary>
    private S3Model? Lockable(string bucket, string key, string id, RawAnswer answer)
    {
        if (Find(bucket, answer) is not { } model) return null;
        var expected = !model.Locks ? Expected.InvalidRequest
            : id == "wrong" ? Expected.InvalidArgument
            : model.Find(key, id) is not { } version ? Expected.NoSuchVersion
            : version.IsMarker ? new Expected(405, "MethodNotAllowed")
            : default;
        if (expected == default) return model;
        expected.Check(answer);
        return null;
    }

    private async Task CheckLockAsync(string bucket, S3Model.Version version)
    {
        var head = await SendAsync("HEAD", Target(bucket, version.Key, $"versionId={version.IdText}"));
        var (mode, until) = (version.Lock.Retention.Mode, version.Lock.Retention.Until);
        head.Header("x-amz-object-lock-mode").ShouldBe(Name(mode));
        head.Header("x-amz-object-lock-retain-until-date").ShouldBe(mode == RetentionMode.None ? "" : ObjectLockReader.FormatDate(until));
        head.Header("x-amz-object-lock-legal-hold").ShouldBe(version.Lock.Hold switch { LegalHold.On => "ON", LegalHold.Off => "OFF", _ => "" });
    }

    private static string Name(RetentionMode mode) => mode switch { RetentionMode.Governance => "GOVERNANCE", RetentionMode.Compliance => "COMPLIANCE", _ => "" };
}
