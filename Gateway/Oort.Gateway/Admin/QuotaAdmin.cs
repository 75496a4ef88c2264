using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Oort.Identity.Store;
using Oort.Metadata;

namespace Oort.Gateway;

/// <summary>Body of <c>PUT quotas/…</c>: the whole quota. What is left out is not limited; one of the two must be there.</summary>
public sealed record QuotaRequest(long? Bytes = null, long? Objects = null);

/// <summary>What a bucket or an account uses, and what it may.</summary>
/// <param name="Bucket">Null: of all buckets of the account together.</param>
/// <param name="Account">Canonical id.</param>
/// <param name="Buckets">How many buckets it is.</param>
/// <param name="Bytes">Used.</param>
/// <param name="Objects">Used.</param>
/// <param name="BytesMax">Null: no limit.</param>
/// <param name="ObjectsMax">Null: no limit.</param>
/// <param name="State">"unlimited", "ok", "full" (nothing more of one kind can be stored), or "unreadable" (nothing can be stored until the quota is set anew or removed).</param>
public sealed record QuotaModel(string? Bucket, string Account, long Buckets, long Bytes, long Objects, long? BytesMax, long? ObjectsMax, string State)
{
    /// <param name="record">The quota's setting; null: there is none.</param>
    public static QuotaModel Of(string? bucket, string account, long buckets, Usage used, byte[]? record)
    {
        Quota? quota = record is null ? null : Quota.TryRead(record, out var read) ? read : Quota.Closed;
        var state = record is null ? "unlimited" : !Quota.TryRead(record, out _) ? "unreadable" : quota!.Value.Allows(used, new(1, 1)) ? "ok" : "full";
        return new(bucket, account, buckets, used.Bytes, used.Objects, quota?.Bytes, quota?.Objects, state);
    }
}

/// <summary>Answer of <c>GET usage</c>.</summary>
/// <param name="Accounts">Those that have buckets, in the order of their ids.</param>
/// <param name="Next">What to go on after; null: there are no more.</param>
public sealed record UsageModel(ImmutableArray<QuotaModel> Accounts, string? Next);

/// <summary>The part of the admin API about what is used, and what may be.</summary>
internal sealed class QuotaAdmin(IMetadataStore metadata, IdentityStore identities)
{
    public async ValueTask<UsageModel> ListAsync(string after, CancellationToken cancellationToken)
    {
        var page = await metadata.ListAccountUsageAsync(after, MetadataLimits.PageSizeMax + 1, cancellationToken);
        var accounts = ImmutableArray.CreateBuilder<QuotaModel>();
        foreach (var row in page.Take(MetadataLimits.PageSizeMax))
            accounts.Add(QuotaModel.Of(null, row.Account, row.Buckets, row.Used, await metadata.GetSettingAsync(Quota.AccountSetting(row.Account), cancellationToken)));
        return new(accounts.ToImmutable(), page.Length > MetadataLimits.PageSizeMax ? accounts[^1].Account : null);
    }

    /// <param name="kind">"buckets" or "accounts".</param>
    /// <param name="segment">A bucket's name; an account's canonical id or number.</param>
    public async ValueTask<QuotaModel> ShowAsync(string kind, string segment, CancellationToken cancellationToken)
    {
        if (IsBucket(kind))
        {
            var bucket = await FindBucketAsync(segment, cancellationToken);
            var used = await metadata.GetUsageAsync(bucket.Id, cancellationToken) ?? throw NoBucket(segment);
            return QuotaModel.Of(bucket.Name, bucket.OwnerId, 1, used, bucket.Settings.TryGetValue(Quota.BucketSetting, out var own) ? [.. own] : null);
        }

        var account = await FindAccountAsync(segment, cancellationToken);
        var all = await metadata.GetAccountUsageAsync(account, cancellationToken) ?? new(account, 0, default);
        return QuotaModel.Of(null, account, all.Buckets, all.Used, await metadata.GetSettingAsync(Quota.AccountSetting(account), cancellationToken));
    }

    /// <param name="request">Null: the quota goes.</param>
    public async ValueTask<QuotaModel> SetAsync(string kind, string segment, QuotaRequest? request, CancellationToken cancellationToken)
    {
        var record = request is null ? null : Record(request);
        if (IsBucket(kind))
        {
            var bucket = await FindBucketAsync(segment, cancellationToken);
            var outcome = await metadata.UpdateBucketAsync(
                bucket.Id,
                row => row with { Settings = record is null ? row.Settings.Remove(Quota.BucketSetting) : row.Settings.SetItem(Quota.BucketSetting, [.. record]) },
                cancellationToken);
            if (outcome != CommitOutcome.Done) throw NoBucket(segment);
        }
        else
        {
            await metadata.PutSettingAsync(Quota.AccountSetting(await FindAccountAsync(segment, cancellationToken)), record, cancellationToken);
        }

        return await ShowAsync(kind, segment, cancellationToken);
    }

    private static byte[] Record(QuotaRequest request)
    {
        try
        {
            return new Quota(request.Bytes, request.Objects).ToRecord();
        }
        catch (ArgumentException e)
        {
            throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", e.Message);
        }
    }

    private static bool IsBucket(string kind) => kind switch
    {
        "buckets" => true,
        "accounts" => false,
        _ => throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", "There are quotas/buckets/NAME and quotas/accounts/ID."),
    };

    private async ValueTask<BucketRow> FindBucketAsync(string name, CancellationToken cancellationToken) => await metadata.FindBucketAsync(name, cancellationToken) ?? throw NoBucket(name);

    /// <summary>The canonical id. One that nobody has, or has any more, is let through where something is kept of it.</summary>
    private async ValueTask<string> FindAccountAsync(string segment, CancellationToken cancellationToken)
    {
        // The server decodes all of a path but an escaped slash, which would end the segment.
        var name = segment.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        if ((identities.FindByCanonicalId(name) ?? identities.FindByNumber(name)) is { } account) return account.CanonicalId;
        var isKept = await metadata.GetAccountUsageAsync(name, cancellationToken) is not null || await metadata.GetSettingAsync(Quota.AccountSetting(name), cancellationToken) is not null;
        return isKept ? name : throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", string.Create(CultureInfo.InvariantCulture, $"There is no account {name}; it is named by its canonical id or its number of 12 digits."));
    }

    private static AdminRequestException NoBucket(string name) => new(StatusCodes.Status404NotFound, "NotFound", $"There is no bucket {name}.");
}
