using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Networks;

/// <summary>Looks at the outside networks now and then: what is there, whether it gets on, whether it is paid for; and warns long before data lapses.</summary>
/// <remarks>Each gateway looks for itself. A change is logged once. One look at a time.</remarks>
internal sealed partial class NetworkWatch(IMetadataStore metadata, StoreSet stores, NetworkOptions options, TimeProvider time, ILogger<NetworkWatch> logger)
{
    /// <summary>Items of a network whose beginning is remembered; the age of others is not known.</summary>
    private const int RememberedMax = 10_000;

    /// <summary>Characters of an account's unit, which the network chooses.</summary>
    private const int UnitLengthMax = 16;

    /// <summary>What fails for less long may pass by itself.</summary>
    private static readonly TimeSpan SilenceMin = TimeSpan.FromMinutes(10);

    /// <summary>How long a network is waited for that is asked for its account.</summary>
    private static readonly TimeSpan AccountPatience = TimeSpan.FromSeconds(30);

    private readonly Dictionary<StoreId, Known> known = [];
    private readonly HashSet<(StoreId Network, NetworkTrouble Trouble)> told = [];
    private volatile (NetworkTally Tally, NetworkStatus Status)[] seen = [];

    /// <summary>As of the last look, with what was counted since.</summary>
    public ImmutableArray<NetworkStatus> Status => [.. seen.Select(one => one.Status with { Counts = one.Tally.Counts })];

    /// <summary>Looks at every network once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var networks = stores.Networks.Values.OrderBy(network => network.Definition.Name, StringComparer.Ordinal).ToArray();
        foreach (var gone in known.Keys.Where(id => !stores.Networks.ContainsKey(id)).ToArray()) known.Remove(gone);
        foreach (var network in networks) known.TryAdd(network.Id, new());
        await Task.WhenAll(networks.Select(network => AskAccountAsync(network, known[network.Id], cancellationToken)));
        var looked = new List<(NetworkTally, NetworkStatus)>();
        foreach (var network in networks)
        {
            var one = await CountAsync(network, known[network.Id], cancellationToken);
            looked.Add((network.Tally, one));
            Tell(network, one.Warnings);
        }

        told.RemoveWhere(one => !stores.Networks.ContainsKey(one.Network));
        seen = [.. looked];
    }

    /// <summary>Asks for the account when it is time; a network that still owes the last answer is not asked again.</summary>
    private async Task AskAccountAsync(NetworkStore network, Known one, CancellationToken cancellationToken)
    {
        if (network.Backend is not { } backend || one.Asking is { IsCompleted: false } || (one.AskedAt != 0 && time.GetElapsedTime(one.AskedAt) < options.AccountInterval)) return;
        one.AskedAt = Math.Max(1, time.GetTimestamp());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            one.Asking = Task.Run(() => backend.GetAccountAsync(limit.Token).AsTask(), cancellationToken);
            var account = await one.Asking.WaitAsync(AccountPatience, time, cancellationToken);
            if (account is null) return;
            one.Account = account with { Unit = new([.. account.Unit.Where(char.IsAsciiLetterOrDigit).Take(UnitLengthMax)]) };
            one.AccountAsOf = time.GetUtcNow();
            network.Tally.Answered();
        }
        catch (BackendException failure)
        {
            network.Tally.Failed(failure.Kind);
        }
        catch (TimeoutException)
        {
            network.Tally.Failed(BackendErrorKind.Transient);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // A bug, for which neither the other networks nor their items are to wait.
            LogUnforeseen(logger, network.Definition.Name, failure);
        }
        finally
        {
            await limit.CancelAsync();
            if (one.Asking is { IsCompleted: false } late) _ = late.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    private async Task<NetworkStatus> CountAsync(NetworkStore network, Known one, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var (items, bytes, reasons) = (new SortedDictionary<ItemState, int>(), 0L, new Dictionary<ItemState, string>());
        var begun = new Dictionary<ItemId, DateTimeOffset>();
        DateTimeOffset? oldest = null;
        foreach (var under in (StoreId[])[network.Id, network.Definition.DraftId])
            await foreach (var row in metadata.ListItemsAsync(under, cancellationToken))
            {
                var item = row.Item;
                items[item.State] = items.GetValueOrDefault(item.State) + 1;
                if (item.IsCopy) bytes += item.Length;
                if (item.Reason.Length > 0) reasons.TryAdd(item.State, item.Reason);
                if (!IsOnItsWay(item)) continue;
                var since = one.Begun.TryGetValue(item.Id, out var at) ? at : now;
                if (item.Receipt is { } receipt && receipt.Accepted < since && receipt.Accepted > DateTimeOffset.UnixEpoch) since = receipt.Accepted;
                if (begun.Count < RememberedMax) begun.TryAdd(item.Id, since);
                if (oldest is null || since < oldest) oldest = since;
            }

        one.Begun = begun;
        var warnings = WarningsOf(network, one, items, reasons, oldest, now).ToImmutableArray();
        return new(network.Definition.Name, items.ToImmutableSortedDictionary(), bytes, now - oldest, one.Account, one.AccountAsOf, network.Tally.Counts, warnings);
    }

    private static bool IsOnItsWay(NetworkItem item) =>
        !item.IsCopy && (item.IsBesideTheWay ? item.ResumeState : item.State) is ItemState.Planned or ItemState.Uploading or ItemState.Accepted or ItemState.Pending or ItemState.Confirmed;

    private IEnumerable<NetworkWarning> WarningsOf(NetworkStore network, Known one, SortedDictionary<ItemState, int> items, Dictionary<ItemState, string> reasons, DateTimeOffset? oldest, DateTimeOffset now)
    {
        var name = network.Definition.Name;
        if (network.Backend is null) yield return new(NetworkTrouble.Closed, true, $"Network {name} cannot be opened, and what lies there cannot be read: {network.Fault}");
        if (network.Tally.FailingSince is { } since && now - since >= SilenceMin) yield return new(NetworkTrouble.Silent, true, $"Network {name} has not answered since {since:u}; oort backend test {name} says why.");
        if (one.Account is { LastsUntil: { } until } account)
        {
            var days = (until - now).TotalDays;
            var asOf = $"as it said {one.AccountAsOf:u}";
            var what = string.Create(CultureInfo.InvariantCulture, $"the account of network {name} ({account.Balance:0.####} {account.Unit} free, {asOf}) pays for what is there only until {until:u}, {Math.Max(0, days):0} days from now");
            if (days < options.AccountAlarm.TotalDays) yield return new(NetworkTrouble.AccountEnding, true, $"Pay in now, or data will be lost: {what}.");
            else if (days < options.AccountWarning.TotalDays) yield return new(NetworkTrouble.AccountLow, false, $"Pay in soon: {what}.");
        }

        if (items.TryGetValue(ItemState.InsufficientFunds, out var unpaid))
            yield return new(NetworkTrouble.Funds, true, Text($"{unpaid} items for network {name} wait for money or room{Oldest()}: {Reason(ItemState.InsufficientFunds)}"));
        if (items.TryGetValue(ItemState.FailedTemporary, out var refused))
            yield return new(NetworkTrouble.Refused, true, Text($"{refused} items for network {name} wait until it lets this account in{Oldest()}: {Reason(ItemState.FailedTemporary)}"));
        if (items.TryGetValue(ItemState.FailedFinal, out var lost))
            yield return new(NetworkTrouble.Lost, false, Text($"{lost} items on network {name} came to nothing or were lost; their shards are rebuilt and go again: {Reason(ItemState.FailedFinal)}"));
        var lapsing = items.GetValueOrDefault(ItemState.Expiring) + items.GetValueOrDefault(ItemState.Expired);
        if (lapsing > 0) yield return new(NetworkTrouble.Expiring, true, Text($"{lapsing} items on network {name} are paid for only until soon, or no longer."));

        string Oldest() => oldest is { } at ? Text($", the oldest of those on their way for {(now - at).TotalHours:0.#} hours") : "";
        string Reason(ItemState state) => reasons.GetValueOrDefault(state, "no reason is known.");
    }

    /// <summary>Logs what was not so at the last look, and what is no longer.</summary>
    private void Tell(NetworkStore network, ImmutableArray<NetworkWarning> warnings)
    {
        foreach (var warning in warnings)
            if (told.Add((network.Id, warning.Trouble))) LogWarning(logger, warning.IsUrgent ? LogLevel.Error : LogLevel.Warning, warning.Text);
        foreach (var (_, trouble) in told.Where(one => one.Network == network.Id && !warnings.Any(warning => warning.Trouble == one.Trouble)).ToArray())
        {
            told.Remove((network.Id, trouble));
            LogOver(logger, network.Definition.Name, trouble);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [LoggerMessage(Message = "{Warning}")]
    private static partial void LogWarning(ILogger logger, LogLevel level, string warning);

    [LoggerMessage(Level = LogLevel.Information, Message = "Network {Network} is {Trouble} no more.")]
    private static partial void LogOver(ILogger logger, string network, NetworkTrouble trouble);

    [LoggerMessage(Level = LogLevel.Error, Message = "Asking network {Network} for its account ended in a way that nothing should.")]
    private static partial void LogUnforeseen(ILogger logger, string network, Exception failure);

    /// <summary>What is remembered of a network between looks.</summary>
    private sealed class Known
    {
        public long AskedAt { get; set; }

        public Task<NetworkAccount?>? Asking { get; set; }

        public NetworkAccount? Account { get; set; }

        public DateTimeOffset? AccountAsOf { get; set; }

        /// <summary>When items that are on their way were seen first, or were accepted.</summary>
        public Dictionary<ItemId, DateTimeOffset> Begun { get; set; } = [];
    }
}
