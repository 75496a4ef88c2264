using System.ComponentModel.DataAnnotations;
using System.Numerics;
using Oort.Backends.Ipfs;
using Oort.Evm;

namespace Oort.Backends.Crust;

/// <summary>Settings of a <see cref="CrustOrderBackend"/>.</summary>
public sealed record CrustOrderOptions
{
    /// <summary>Where orders are placed and paid.</summary>
    [Required]
    public required CrustChain Chain { get; init; }

    /// <summary>A node of that chain. What it says of prices, receipts and blocks is not proven: use one that is trusted.</summary>
    [Required]
    public required EvmClientOptions Rpc { get; init; }

    /// <summary>The IPFS node that items are sent to, and that those who take the orders fetch them from: of one's own, or a W3Auth gateway. It must be one that others reach.</summary>
    [Required]
    public required Uri Node { get; init; }

    /// <summary>As the node asks for them; null: none. Of a W3Auth gateway <see cref="W3AuthToken.ToBasic"/>, made of another key than the one that pays.</summary>
    public IpfsCredentials? Credentials { get; init; }

    /// <summary>Trustless gateways through which items are read back before they count: at least one, best on no machine of the node's, which may have the item from the upload alone.</summary>
    public IReadOnlyList<IpfsGateway> Gateways { get; init; } = [];

    /// <summary>Whether an item is paid for once and for ever, if the contract takes that; otherwise for <see cref="OrderDuration"/>, and renewed.</summary>
    public bool IsPermanent { get; init; }

    /// <summary>US dollars for one coin of the chain: by it prices are told, and <see cref="OrderUsdMax"/> is kept. It moves by the hour, so there is no default.</summary>
    [Range(1e-9, 1e9)]
    public required double UsdPerCoin { get; init; }

    /// <summary>When <see cref="UsdPerCoin"/> was true: prices bear this date, though the contract is asked each time.</summary>
    public required DateTimeOffset UsdPerCoinAsOf { get; init; }

    /// <summary>The most that a unit of gas may cost, in wei, whatever the node names. While it costs more, orders wait. Default 100 gwei, as chosen in November 2026: on Ethereum only a rush costs more.</summary>
    public BigInteger GasPriceMax { get; init; } = 100_000_000_000;

    /// <summary>The most that one order may cost with its gas, in US dollars, whatever the contract and the node name. Default 10, of November 2026.</summary>
    [Range(1e-6, 1e9)]
    public double OrderUsdMax { get; init; } = 10;

    /// <summary>Items below so many bytes are bundled; 0: none. Default 64 MiB, of November 2026: an order has a base price and its gas, whatever its length. At most 1 GiB.</summary>
    [Range(0, 1L << 30)]
    public long BundleBelow { get; init; } = 64 << 20;

    /// <summary>Blocks from an order's own on after which it counts, and is not undone any more. Default 64: two epochs of Ethereum's, in which a block becomes final.</summary>
    [Range(1, 128)]
    public int BlockCount { get; init; } = 64;

    /// <summary>For how long an order that is not permanent is stored. Default 180 days: what Crust's runtime has, as read in November 2026.</summary>
    public TimeSpan OrderDuration { get; init; } = TimeSpan.FromDays(180);

    /// <summary>How long before its end an order is renewed, by another for as long. Default 30 days.</summary>
    public TimeSpan RenewalLead { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long before its end an item that could not be renewed is called Expiring. Default 10 days; less than <see cref="RenewalLead"/>.</summary>
    public TimeSpan ExpiringLead { get; init; } = TimeSpan.FromDays(10);

    /// <summary>How often a sealed item is looked at. Default one day.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromDays(1);

    /// <summary>The first pause between two looks for an order's block. Default 15 seconds: a block of Ethereum's takes 12. It grows with what has been waited, up to 10 minutes.</summary>
    public TimeSpan PollDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection may take to be made. Default 10 seconds.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A request of which no byte moves for so long has failed. Default two minutes: a first fetch looks through the whole network.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The longest that one request may take, though it moves. Default one hour.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What of it is IPFS's.</summary>
    /// <exception cref="ValidationException">A value is out of its range; the message names it.</exception>
    internal IpfsOptions ToIpfs()
    {
        Validator.ValidateObject(this, new(this), validateAllProperties: true);
        Validator.ValidateObject(Rpc, new(Rpc), validateAllProperties: true);
        if (Gateways.Count == 0) throw new ValidationException("An order is a claim until its item was read back: name at least one of Gateways.");
        if (GasPriceMax <= 0) throw new ValidationException("GasPriceMax must be positive.");
        if (PollDelay <= TimeSpan.Zero || ExpiringLead <= TimeSpan.Zero || RenewalLead <= ExpiringLead || OrderDuration <= RenewalLead)
            throw new ValidationException("Times must be positive, and an order longer than RenewalLead, which is longer than ExpiringLead.");
        var ipfs = new IpfsOptions
        {
            Node = Node,
            Credentials = Credentials,
            Gateways = Gateways,
            CheckInterval = CheckInterval,
            ConnectTimeout = ConnectTimeout,
            StallTimeout = StallTimeout,
            RequestTimeout = RequestTimeout,
        };
        ipfs.Validate();
        return ipfs;
    }
}
