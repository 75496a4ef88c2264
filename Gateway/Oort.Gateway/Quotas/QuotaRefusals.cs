using System.Globalization;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Quotas;

/// <summary>What clients are told of quotas: early, where a body would be sent for nothing, and in words when a commit was refused. It is the commit alone that decides.</summary>
internal static class QuotaRefusals
{
    /// <summary>Bodies from this size on are held against the quotas before they are read: below it, the look-up costs more than it saves.</summary>
    private const long EarlyCheckSize = 1 << 20;

    /// <summary>Refuses a PUT whose body is larger than what is left, less what it would replace.</summary>
    /// <exception cref="S3Exception">QuotaExceeded.</exception>
    public static async ValueTask CheckPutAsync(IMetadataStore metadata, BucketRow bucket, string key, ObjectBody body, CancellationToken cancellationToken)
    {
        if (body.Length < EarlyCheckSize || await FindExceededAsync(metadata, bucket, new(1, body.Length), cancellationToken) is null) return;
        var replaced = bucket.Versioning == VersioningState.Enabled ? null : await metadata.FindVersionAsync(bucket.Id, key, VersionId.NullText, cancellationToken);
        var growth = new Usage(1, body.Length) - (replaced is null ? default : new Usage(1, replaced.Size));
        if (await FindExceededAsync(metadata, bucket, growth, cancellationToken) is { } words) throw new S3Exception(S3Errors.QuotaExceeded, words);
    }

    /// <summary>The same of a part.</summary>
    /// <exception cref="S3Exception">QuotaExceeded.</exception>
    public static async ValueTask CheckPartAsync(IMetadataStore metadata, BucketRow bucket, UploadId upload, int partNumber, ObjectBody body, CancellationToken cancellationToken)
    {
        if (body.Length < EarlyCheckSize || await FindExceededAsync(metadata, bucket, new(0, body.Length), cancellationToken) is null) return;
        var replaced = (await metadata.ListPartsAsync(upload, partNumber - 1, 1, cancellationToken)).Parts.FirstOrDefault(part => part.PartNumber == partNumber);
        if (await FindExceededAsync(metadata, bucket, new(0, body.Length - (replaced?.Size ?? 0)), cancellationToken) is { } words) throw new S3Exception(S3Errors.QuotaExceeded, words);
    }

    /// <summary>Says which quota it was, when that is why a commit was refused.</summary>
    /// <param name="growth">What was to be stored.</param>
    /// <exception cref="S3Exception">QuotaExceeded.</exception>
    public static async ValueTask ThrowIfExceededAsync(CommitOutcome outcome, IMetadataStore metadata, BucketRow bucket, Usage growth, CancellationToken cancellationToken)
    {
        if (outcome != CommitOutcome.QuotaExceeded) return;
        // Looked up anew; when there is room again by now, or it went by what was replaced, the error's own words say enough.
        throw new S3Exception(S3Errors.QuotaExceeded, await FindExceededAsync(metadata, await metadata.FindBucketAsync(bucket.Name, cancellationToken) ?? bucket, growth, cancellationToken));
    }

    /// <summary>Which quota has no room for so much more, in words; null: none.</summary>
    private static async ValueTask<string?> FindExceededAsync(IMetadataStore metadata, BucketRow bucket, Usage growth, CancellationToken cancellationToken)
    {
        if (bucket.Settings.TryGetValue(Quota.BucketSetting, out var own)
            && await metadata.GetUsageAsync(bucket.Id, cancellationToken) is { } used && Words($"the bucket {bucket.Name}", [.. own], used, growth) is { } words) return words;
        if (await metadata.GetSettingAsync(Quota.AccountSetting(bucket.OwnerId), cancellationToken) is not { } record) return null;
        return Words($"the account that owns the bucket {bucket.Name}", record, (await metadata.GetAccountUsageAsync(bucket.OwnerId, cancellationToken))?.Used ?? default, growth);
    }

    private static string? Words(string whose, byte[] record, Usage used, Usage growth)
    {
        if (!Quota.TryRead(record, out var quota)) return growth is { Objects: <= 0, Bytes: <= 0 } ? null : $"The quota of {whose} cannot be read, so nothing more can be stored; the operator can set it anew.";
        if (!(quota with { Objects = null }).Allows(used, growth)) return string.Create(CultureInfo.InvariantCulture, $"The quota of {whose} is {quota.Bytes} bytes, of which {used.Bytes} are used.");
        return quota.Allows(used, growth) ? null : string.Create(CultureInfo.InvariantCulture, $"The quota of {whose} is {quota.Objects} objects, of which {used.Objects} are there. Each version and each delete marker is one.");
    }
}
