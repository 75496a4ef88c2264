using System.ComponentModel.DataAnnotations;

namespace Oort.Backends.Icp;

/// <summary>Settings of an <see cref="IcpBackend"/>.</summary>
public sealed record IcpOptions
{
    /// <summary>What stands for the canister's id in <see cref="Gateway"/>.</summary>
    public const string Placeholder = "{canister}";

    /// <summary>Where items go. Items whose receipts name another canister are read from that.</summary>
    [Required]
    public required CanisterId Canister { get; init; }

    /// <summary>The HTTP gateway, http or https, with <see cref="Placeholder"/> where the canister's id belongs: in the host or in the path. Default https://{canister}.icp0.io, which the network's foundation ran in November 2026.</summary>
    [Required]
    public string Gateway { get; init; } = $"https://{Placeholder}.icp0.io";

    /// <summary>How often a sealed item is looked at, for which all of it is read. Default 7 days.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long a connection may take to be made. Default 10 seconds.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A request of which no byte comes for so long has failed. Default one minute.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What storing costs; null: <see cref="DefaultPrices"/>.</summary>
    public NetworkPrices? Prices { get; init; }

    /// <summary>5 dollars for 10^9 bytes and a year, as documented in November 2026; cycles for messages are left out.</summary>
    public static NetworkPrices DefaultPrices { get; } = new() { PerGibibyteMonth = 5 * 1.073741824 / 365 * 30, AsOf = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero) };

    /// <exception cref="ValidationException">A value is out of its range; the message names it.</exception>
    internal void Validate()
    {
        Validator.ValidateObject(this, new(this), validateAllProperties: true);
        var hasPlace = Gateway.Split(Placeholder).Length == 2;
        if (!hasPlace || !Uri.TryCreate(Gateway.Replace(Placeholder, Canister.ToString(), StringComparison.Ordinal), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")
            || address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0)
            throw new ValidationException($"Gateway must be an http or https address with {Placeholder} once where the id belongs, without user and query.");
        if (CheckInterval <= TimeSpan.Zero || ConnectTimeout <= TimeSpan.Zero || StallTimeout <= TimeSpan.Zero) throw new ValidationException("Times must be positive.");
    }
}
