using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Oort.Backends;
using Oort.Gateway.Networks;
using Oort.Objects;
using Oort.Objects.Networks;

namespace Oort.Gateway;

/// <summary>Body of <c>POST networks</c>. Its secrets are sealed at once and never shown again.</summary>
/// <param name="Settings">The backend's own, by name.</param>
/// <param name="Secrets">Those that are secret.</param>
public sealed record NetworkRequest(string? Name, string? Kind, Dictionary<string, string>? Settings, Dictionary<string, string>? Secrets, string? Operator, string? Region, string? Country)
{
    public override string ToString() => $"network {Name} of kind {Kind}";
}

/// <summary>An outside network in the admin API.</summary>
/// <param name="Items">Items there, by state.</param>
/// <param name="Bytes">Bytes of items that count as copies.</param>
/// <param name="WaitingShards">Short shards that wait on stores, until there are enough of them for an item or an hour has passed, as far as this gateway plans them.</param>
/// <param name="Fault">Why it cannot be opened; empty: it is open.</param>
/// <param name="Account">Null: it has none, or has not said.</param>
public sealed record NetworkModel(
    string Id, string Name, string Kind, string Location, NetworkRole Role, string Operator, string Region, string Country, Latency? Latency, Retention? Retention, ImmutableSortedDictionary<string, string> Settings,
    ImmutableSortedDictionary<string, int> Items, long Bytes, int WaitingShards, long WaitingBytes, ImmutableArray<string> Troubles, string Fault, NetworkAccountModel? Account);

/// <summary>What is left to pay a network with.</summary>
/// <param name="LastsUntil">When what is there will have used it up; null where the network does not say.</param>
/// <param name="AsOf">When the network said so.</param>
public sealed record NetworkAccountModel(decimal Balance, string Unit, DateTimeOffset? LastsUntil, DateTimeOffset? AsOf);

/// <summary>Answer of <c>GET networks</c>.</summary>
public sealed record NetworksModel(ImmutableArray<NetworkModel> Networks);

/// <summary>Answer of <c>POST networks/{name}/test</c>.</summary>
/// <param name="IsUsable">Whether it is there, lets the account in and takes items.</param>
/// <param name="Message">Why not, and what to do.</param>
public sealed record NetworkTestModel(string Name, bool IsUsable, string Message);

/// <summary>The part of the admin API about outside networks.</summary>
internal sealed class NetworkAdmin(IObjectSystem system)
{
    private const int PageSize = 1_000;

    /// <summary>Sentences about items that do not get on, per network.</summary>
    private const int TroubleCountMax = 5;

    public async ValueTask<NetworksModel> ListAsync(CancellationToken cancellationToken)
    {
        var networks = ImmutableArray.CreateBuilder<NetworkModel>();
        var seen = system.GetStatus().Networks;
        foreach (var (definition, backend, fault) in system.GetNetworks())
        {
            var (items, bytes, troubles) = (new SortedDictionary<string, int>(StringComparer.Ordinal), 0L, new List<string>());
            foreach (var under in (StoreId[])[definition.Id, definition.DraftId])
                for ((StoreId, ItemId)? after = null; ;)
                {
                    var page = await system.Metadata.ListItemsAsync(under, after, PageSize, cancellationToken);
                    foreach (var row in page)
                    {
                        var state = row.Item.State.ToString();
                        items[state] = items.GetValueOrDefault(state) + 1;
                        if (row.Item.IsCopy) bytes += row.Item.Length;
                        if (row.Item.Reason.Length > 0 && troubles.Count < TroubleCountMax && !troubles.Contains(row.Item.Reason)) troubles.Add(row.Item.Reason);
                    }

                    if (page.Length < PageSize) break;
                    after = (under, page[^1].Item.Id);
                }

            var known = seen.FirstOrDefault(one => one.Name == definition.Name);
            networks.Add(new(
                definition.Id.ToString(), definition.Name, definition.Kind, backend?.Location ?? "", definition.Role, definition.Operator, definition.Region, definition.Country, backend?.Traits.Latency, backend?.Traits.Retention,
                definition.Settings, items.ToImmutableSortedDictionary(), bytes, known?.Counts.Waiting.Shards ?? 0, known?.Counts.Waiting.Bytes ?? 0, [.. troubles], fault, AccountOf(known)));
        }

        return new(networks.ToImmutable());
    }

    private static NetworkAccountModel? AccountOf(NetworkStatus? seen) => seen?.Account is { } account ? new(account.Balance, account.Unit, account.LastsUntil, seen.AccountAsOf) : null;

    /// <summary>Adds a network that lets the account in and takes items.</summary>
    public async ValueTask<NetworksModel> AddAsync(NetworkRequest request, CancellationToken cancellationToken)
    {
        var wanted = new NetworkDefinition
        {
            Id = StoreId.None,
            Name = request.Name ?? "",
            Kind = request.Kind ?? "",
            Operator = request.Operator ?? "",
            Region = request.Region ?? "",
            Country = request.Country ?? "",
            Settings = (request.Settings ?? []).ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
        await system.AddNetworkAsync(wanted, NetworkSettings.Encode(request.Secrets ?? []), cancellationToken);
        return await ListAsync(cancellationToken);
    }

    public async ValueTask<NetworkTestModel> TestAsync(string name, CancellationToken cancellationToken)
    {
        var (_, backend, fault) = system.GetNetworks().FirstOrDefault(one => one.Definition.Name == name) is { Definition: not null } found ? found : throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", $"There is no network {name}; `oort backend list` shows those there are.");
        if (backend is null) return new(name, false, fault);
        try
        {
            await backend.TestAsync(cancellationToken);
            return new(name, true, "It is there, lets this account in, and takes items.");
        }
        catch (BackendException failure)
        {
            return new(name, false, failure.Message);
        }
    }

    public async ValueTask<NetworksModel> DrainAsync(string name, bool isDraining, CancellationToken cancellationToken)
    {
        await system.DrainNetworkAsync(name, isDraining, cancellationToken);
        return await ListAsync(cancellationToken);
    }

    public async ValueTask<NetworksModel> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        await system.RemoveNetworkAsync(name, cancellationToken);
        return await ListAsync(cancellationToken);
    }
}
