using Microsoft.Extensions.Logging;
using Oort.Metadata;

namespace Oort.Objects.Costs;

/// <summary>What was spent, month by month, as it is stored.</summary>
/// <remarks>Thread-safe. What cannot be read is told, and nothing is written over it.</remarks>
internal sealed partial class CostBook(IMetadataStore metadata, StoreSet stores, TimeProvider time, ILogger<CostBook> logger)
{
    /// <summary>Attempts to store beside other gateways, who count too.</summary>
    private const int AttemptCountMax = 5;

    /// <summary>What is spent of this month; null: that is not known yet.</summary>
    public CostLedger? Ledger { get; private set; }

    /// <summary>Buckets that are told apart, however many there are: those with a budget.</summary>
    public IReadOnlyCollection<BucketId> Kept { get; set; } = [];

    /// <summary>Why it cannot be counted; otherwise empty.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>Takes over what another gateway has counted, or this one before a restart.</summary>
    public async ValueTask FollowAsync(CancellationToken cancellationToken)
    {
        if (stores.Networks.Count == 0) return;
        try
        {
            var found = await LoadAsync(time.GetUtcNow(), cancellationToken);
            // What was stored while this was read is newer: a month's sum only grows.
            if (Ledger is not { } known || known.Month != found.Month || known.Sum() <= found.Sum()) Ledger = found;
            Fault = "";
        }
        catch (InvalidDataException failure)
        {
            Fail(failure);
        }
    }

    /// <summary>What was spent in the month of a time, or, where nothing is, up to when the last month before was counted.</summary>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    public async ValueTask<CostLedger> LoadAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var month = CostLedger.MonthOf(now);
        for (var back = 0; back < CostLedger.MonthCountMax; back++)
        {
            if (await metadata.GetSettingAsync(CostLedger.SettingOf(month.AddMonths(-back)), cancellationToken) is not { Length: > 0 } stored) continue;
            var found = CostLedger.Decode(stored);
            return back == 0 ? found : CostLedger.Empty(month) with { Counted = found.Counted };
        }

        return CostLedger.Empty(month);
    }

    /// <summary>Adds to the month.</summary>
    /// <param name="count">What, from what is stored of the month now; null: nothing.</param>
    /// <returns>False: it was not added.</returns>
    /// <exception cref="InvalidDataException">The month cannot be read.</exception>
    public async ValueTask<bool> StoreAsync(DateTimeOffset now, Func<CostLedger, CostTally?> count, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < AttemptCountMax; attempt++)
        {
            var month = CostLedger.MonthOf(now);
            var setting = CostLedger.SettingOf(month);
            var stored = await metadata.GetSettingAsync(setting, cancellationToken);
            var ledger = stored is { Length: > 0 } ? CostLedger.Decode(stored) : await LoadAsync(now, cancellationToken);
            if (count(ledger) is not { } tally) return false;
            var after = ledger.Add(tally, Kept);
            if (!await metadata.ReplaceSettingAsync(setting, stored, after.Encode(), CancellationToken.None)) continue;
            (Ledger, Fault) = (after, "");
            // Another month begins: one that is three years old ends.
            if (stored is null) await metadata.PutSettingAsync(CostLedger.SettingOf(month.AddMonths(-CostLedger.MonthCountMax)), null, CancellationToken.None);
            return true;
        }

        return false;
    }

    /// <summary>It cannot be read: says so once.</summary>
    public void Fail(InvalidDataException failure)
    {
        if (Fault != failure.Message) LogUnreadable(logger, failure);
        Fault = failure.Message;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "What networks charge is not counted.")]
    private static partial void LogUnreadable(ILogger logger, Exception failure);
}
