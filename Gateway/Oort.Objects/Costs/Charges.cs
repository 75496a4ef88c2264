using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Costs;

/// <summary>What is charged for an item over a time, for its deletion, and for reads.</summary>
internal static class Charges
{
    /// <summary>Adds what an item takes.</summary>
    /// <remarks>1. What is charged by time, and by term. 2. What is charged once.</remarks>
    /// <param name="from">Up to when was counted: an item that was accepted since is new.</param>
    public static void Add(ItemFees fees, string network, ItemRow row, DateTimeOffset from, DateTimeOffset until, CostTally tally)
    {
        var (receipt, length) = (row.Item.Receipt!, row.Item.Length);
        var since = receipt.Accepted > from ? receipt.Accepted : from;
        var terms = 0.0;
        // 1.
        if (ItemFees.IsKept(row.Item) && until > since)
        {
            tally.Add(network, CostKind.Stored, fees.Stored(length, until - since), 0, 0, row);
            var looks = fees.LooksIn(until - since);
            tally.Add(network, CostKind.Checked, looks * fees.Look(length), looks, 0, row);
            terms = fees.TermsEnded(receipt.Accepted, since, until);
        }

        // 2.
        if (receipt.Accepted >= from)
        {
            terms++;
            tally.Add(network, CostKind.Checked, fees.Seal(length), 1, 0, row);
            tally.AddPaid(network, receipt);
        }

        if (terms == 0) return;
        tally.Add(network, CostKind.Put, terms * fees.Put(length), terms, terms * length, row);
        if (fees.Once(length) > 0) tally.Add(network, CostKind.Once, terms * fees.Once(length), terms, terms * length, row);
    }

    public static void AddDeleted(ItemFees fees, NetworkPrices asked, string network, ItemRow row, DateTimeOffset from, DateTimeOffset at, CostTally tally)
    {
        Add(fees, network, row, from, at, tally);
        var length = row.Item.Length;
        tally.Add(network, CostKind.Deleted, asked.PerDelete, 1, length, row);
        if (fees.Minimum(length, row.Item.Receipt!.Accepted, at) is > 0 and var left) tally.Add(network, CostKind.Minimum, left, 1, length, row);
    }

    public static void AddReads(string network, IReadOnlyDictionary<(BucketId? Bucket, bool IsOwn), (long Count, long Bytes)> charged, NetworkPrices asked, CostTally tally)
    {
        foreach (var ((bucket, isOwn), (count, bytes)) in charged)
        {
            var kind = isOwn ? CostKind.Repair : CostKind.Read;
            var dollars = count * asked.PerRead + bytes / (double)(1L << 30) * asked.PerGibibyteRead;
            tally.Add(network, kind, dollars, count, bytes);
            if (bucket is { } one) tally.AddTo(one, network, kind, dollars);
        }
    }
}
