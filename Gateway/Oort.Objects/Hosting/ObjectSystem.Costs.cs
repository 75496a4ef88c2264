using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Costs;
using Oort.Objects.Durability;
using Oort.Objects.Placement;

namespace Oort.Objects;

/// <content>What storing costs.</content>
public sealed partial class ObjectSystem
{
    private readonly PriceBook prices;
    private readonly CostBook costBook;
    private readonly CostRound costs;
    private readonly SpendGate spending;

    /// <inheritdoc/>
    public async ValueTask<QuoteReport> QuoteAsync(CostQuestion question, BucketId? bucket, CancellationToken cancellationToken)
    {
        question = question.Checked();
        var assumptions = new DurabilityAssumptions();
        var maker = new QuoteMaker(parts.Stores, prices, options.Objects, options.Networks, assumptions, RepairWindow(), time);
        var policies = ImmutableArray.CreateBuilder<PolicyQuote>();
        foreach (var placer in parts.Stores.Placement.Placers.Where(placer => bucket is null || IsFor(bucket.Value, placer.Rules.Name))) policies.Add(await maker.MakeAsync(placer, question, cancellationToken));
        return new(question.Bytes, question.Objects, question.Months, question.Together, policies.ToImmutable(), [.. maker.Assumptions(question)]);
    }

    /// <inheritdoc/>
    public async ValueTask<CostReport> GetCostsAsync(DateOnly? month, CancellationToken cancellationToken)
    {
        var now = CostLedger.MonthOf(time.GetUtcNow());
        var wanted = month ?? now;
        var (ledger, fault) = (CostLedger.Empty(wanted), costBook.Fault);
        try
        {
            if (await parts.Metadata.GetSettingAsync(CostLedger.SettingOf(wanted), cancellationToken) is { Length: > 0 } stored) ledger = CostLedger.Decode(stored);
        }
        catch (InvalidDataException failure)
        {
            fault = failure.Message;
        }

        // What lies there is of now, whatever the month.
        var stocks = costs.Stocks;
        var lying = wanted == now ? costs.BucketStocks : ImmutableDictionary<(BucketId Bucket, string Network), BucketStock>.Empty;
        var names = await NamesOfAsync([.. ledger.Buckets.Select(line => new BucketId(line.Bucket)), .. lying.Keys.Select(key => key.Bucket)], cancellationToken);
        var spent = ledger.Buckets.ToLookup(line => (Bucket: new BucketId(line.Bucket), line.Network), line => (line.Kind, line.Dollars));
        var buckets = spent.Select(group => group.Key).Union(lying.Keys).Select(key => CostOf(names[key.Bucket], key.Network, lying.GetValueOrDefault(key).Bytes, lying.GetValueOrDefault(key).MonthRate, spent[key])).ToList();

        // What is left of each network is of nobody known, or of too many.
        foreach (var network in ledger.Lines.Select(line => line.Network).Concat(wanted == now ? stocks.Keys : []).Distinct(StringComparer.Ordinal).ToArray())
        {
            var (known, stock) = (buckets.Where(one => one.Network == network).ToArray(), wanted == now ? stocks.GetValueOrDefault(network) : null);
            buckets.Add(CostOf("", network, Math.Max(0, (stock?.Bytes ?? 0) - known.Sum(one => one.Bytes)), Math.Max(0, (stock?.MonthRate ?? 0) - known.Sum(one => one.MonthRate)),
                ledger.Lines.Where(line => line.Network == network && line.Kind != CostKind.Emergency).Select(line => (line.Kind, line.Dollars - known.Sum(one => one.Lines.GetValueOrDefault(line.Kind))))));
        }

        return new(
            wanted.ToString("yyyy-MM", CultureInfo.InvariantCulture), [.. stocks.Values], ledger.Counted, ledger.Lines,
            [.. buckets.OrderBy(one => one.Bucket.Length == 0).ThenBy(one => one.Bucket, StringComparer.Ordinal).ThenBy(one => one.Network, StringComparer.Ordinal)],
            [.. ledger.Paid.Select(line => new PaidReport(line.Network, line.Unit, line.Amount.ToString(CultureInfo.InvariantCulture)))], ledger.Sum(), spending.Status.Budgets, fault);

        // Sums of many small amounts differ in their last digits.
        static BucketCost CostOf(string bucket, string network, double bytes, double rate, IEnumerable<(CostKind Kind, double Dollars)> lines)
        {
            var kinds = lines.Where(line => line.Dollars > 1e-9).ToImmutableSortedDictionary(line => line.Kind, line => line.Dollars);
            return new(bucket, network, bytes, rate, kinds, kinds.Where(line => !CostLedger.IsPart(line.Key)).Sum(line => line.Value));
        }
    }

    /// <inheritdoc/>
    public async ValueTask CountCostsAsync(CancellationToken cancellationToken) => await CountItemsAsync(isAsked: true, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask SetBudgetAsync(string? network, string? bucket, double? dollars, double? emergencyFactor, CancellationToken cancellationToken)
    {
        if (network is not null && bucket is not null) throw new ArgumentException("A budget is of a network, or of a bucket, or of all.");
        if (dollars is not null && network is not null && !GetNetworks().Any(one => one.Definition.Name == network)) throw new ArgumentException($"There is no network {network}; oort backend list shows those there are.");
        if (dollars is not null && bucket is not null && await parts.Metadata.FindBucketAsync(bucket, cancellationToken) is null) throw new ArgumentException($"There is no bucket {bucket}.");
        await spending.ChangeAsync(before => before with
        {
            Total = network is null && bucket is null ? dollars : before.Total,
            Networks = Set(before.Networks, network),
            Buckets = Set(before.Buckets, bucket),
            EmergencyFactor = emergencyFactor ?? before.EmergencyFactor,
        }, cancellationToken);

        ImmutableSortedDictionary<string, double> Set(ImmutableSortedDictionary<string, double> limits, string? name) => name is null ? limits : dollars is { } limit ? limits.SetItem(name, limit) : limits.Remove(name);
    }

    /// <summary>Looks for budgets once, for tests that step it.</summary>
    internal ValueTask LoadBudgetsAsync() => spending.LoadAsync(CancellationToken.None);

    /// <summary>Names of buckets; of one that is gone its id.</summary>
    private async ValueTask<Dictionary<BucketId, string>> NamesOfAsync(HashSet<BucketId> buckets, CancellationToken cancellationToken)
    {
        const int pageSize = 1_000;
        var names = buckets.ToDictionary(bucket => bucket, bucket => string.Create(CultureInfo.InvariantCulture, $"(deleted: {bucket.Value})"));
        for (var after = ""; buckets.Count > 0;)
        {
            var page = await parts.Metadata.ListBucketsAsync(null, "", after, pageSize, cancellationToken);
            foreach (var bucket in page)
                if (buckets.Remove(bucket.Id)) names[bucket.Id] = bucket.Name;
            if (page.Length < pageSize) break;
            after = page[^1].Name;
        }

        return names;
    }

    private async Task TryCountCostsAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.StopTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await costs.CountOwnAsync(either.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or MetadataUnavailableException)
        {
            logger.LogWarning(failure, "What was read from networks and deleted there in the last minutes is not among the costs.");
        }
    }

    /// <summary>Whether new objects of a bucket come under a policy, whatever their class.</summary>
    private bool IsFor(BucketId bucket, string policy)
    {
        var document = parts.Stores.Placement.Document;
        return document.Assignments.Select(one => one.StorageClass ?? "").Append("").Distinct(StringComparer.Ordinal).Any(storageClass => document.PolicyFor(bucket, storageClass).Name == policy);
    }
}
