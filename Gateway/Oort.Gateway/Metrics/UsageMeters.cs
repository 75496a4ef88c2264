using System.Diagnostics.Metrics;
using Oort.Metadata;

namespace Oort.Gateway;

/// <summary>What accounts use and may use, as gauges of the moment at which the page is fetched.</summary>
/// <remarks>Of the accounts that use most bytes, and none but the first <see cref="MetadataLimits.PageSizeMax"/>: the page and the reading for it stay bounded. <c>GET usage</c> of the admin API has them all.</remarks>
internal sealed class UsageMeters : IDisposable
{
    /// <summary>Accounts on the page.</summary>
    private const int AccountsMax = 100;

    private readonly Meter meter = new("Oort.Gateway.Usage");
    private readonly IMetadataStore metadata;
    private volatile IReadOnlyList<(AccountUsage Usage, Quota? Quota)> accounts = [];

    public UsageMeters(IMetadataStore metadata)
    {
        this.metadata = metadata;
        Gauge("oort.account.used.bytes", "Bytes of the account's versions and of parts of uploads in progress, as clients sent them.", one => one.Usage.Used.Bytes);
        Gauge("oort.account.used.objects", "Versions in the account's buckets, delete markers included.", one => one.Usage.Used.Objects);
        Gauge("oort.account.quota.bytes", "Bytes that the account may use; absent where it has no such limit.", one => one.Quota?.Bytes);
        Gauge("oort.account.quota.objects", "Versions that the account may have; absent where it has no such limit.", one => one.Quota?.Objects);
    }

    /// <summary>Reads what the next page shows; nothing, while it cannot be read.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            var used = await metadata.ListAccountUsageAsync("", MetadataLimits.PageSizeMax, cancellationToken);
            var read = new List<(AccountUsage, Quota?)>();
            foreach (var row in used.OrderByDescending(row => row.Used.Bytes).Take(AccountsMax))
                read.Add((row, await metadata.GetSettingAsync(Quota.AccountSetting(row.Account), cancellationToken) is { } record ? Quota.Read(record) : null));
            accounts = read;
        }
        catch (MetadataUnavailableException)
        {
            accounts = [];
        }
    }

    public void Dispose() => meter.Dispose();

    private void Gauge(string name, string help, Func<(AccountUsage Usage, Quota? Quota), long?> value) => meter.CreateObservableGauge(
        name,
        () => accounts.Where(one => value(one) is not null).Select(one => new Measurement<long>(value(one)!.Value, new KeyValuePair<string, object?>("account", one.Usage.Account))),
        description: help);
}
