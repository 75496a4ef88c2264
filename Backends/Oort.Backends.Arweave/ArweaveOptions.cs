using System.ComponentModel.DataAnnotations;

namespace Oort.Backends.Arweave;

/// <summary>Through whom items go to Arweave, from where they are read, and with how much patience.</summary>
public sealed record ArweaveOptions
{
    /// <summary>URL of the bundler that items are sent through; null where they go as transactions of their own.</summary>
    public Uri? Bundler { get; init; }

    /// <summary>URL of the service that knows the bundler's prices and balances; null: the bundler itself.</summary>
    public Uri? Payments { get; init; }

    /// <summary>Address of the key that the bundler signs receipts with; null: the bundler is asked for it, so that a receipt shows only that nobody else has answered.</summary>
    public string? BundlerAddress { get; init; }

    /// <summary>URLs of nodes. Without a bundler transactions and chunks are sent to them: two or more, since one may forget. With one they are asked for confirmations, and may be none.</summary>
    public IReadOnlyList<Uri> Nodes { get; init; } = [];

    /// <summary>URLs of gateways to read from, the first first. At least one of another host and port than anything is sent to: only by its bytes is an item sealed.</summary>
    [Required]
    public required IReadOnlyList<Uri> Gateways { get; init; }

    /// <summary>Longest item in bytes that is sent to the bundler in one request; longer ones go in parts, which a restart does not begin anew. Default 10 MiB.</summary>
    [Range(0, 2L << 30)]
    public long PostLengthMax { get; init; } = 10L << 20;

    /// <summary>Bytes of a part; the bundler's own limits go before. Default 25 MB.</summary>
    [Range(1, 500L << 20)]
    public long PartSize { get; init; } = 25_000_000;

    /// <summary>The most that one transaction may cost, in winston (10^12 are one AR); null: whatever nodes ask. An item that would cost more waits.</summary>
    public UInt128? RewardMax { get; init; }

    /// <summary>
    /// Items below so many bytes are bundled; 0: none. Null: 4 MiB for transactions, each of which pays for 256 KiB at least and has to find room in a block; 128 KiB through a bundler, of which an item's header would be
    /// a hundredth. At most 1 GiB.
    /// </summary>
    [Range(0, 1L << 30)]
    public long? BundleBelow { get; init; }

    /// <summary>US dollars for one AR: by it prices are told. Default 2.05, as of <see cref="UsdPerArAsOf"/>; it moves by the hour, so set both from time to time. Nothing is paid by it.</summary>
    [Range(1e-6, 1e9)]
    public double UsdPerAr { get; init; } = 2.05;

    /// <summary>When <see cref="UsdPerAr"/> was true: prices bear this date, though what the network asks in AR is asked for each time. Default 21 April 2026.</summary>
    public DateTimeOffset UsdPerArAsOf { get; init; } = new(2026, 4, 21, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Between questions for what takes minutes to hours. Default 2 minutes: about a block.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a bundler may know nothing of an item that it has taken, before the item is sent again. Default 1 hour.</summary>
    public TimeSpan LossPatience { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long no gateway may have an item that the network says is stored, before it is given up. Default 7 days.</summary>
    public TimeSpan SealPatience { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Between looks at an item that is sealed. Default 30 days.</summary>
    public TimeSpan VerifyInterval { get; init; } = TimeSpan.FromDays(30);

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may stand still: no byte taken, no answer begun, no byte of it coming. A bundler checks a whole item before it answers. Default 2 minutes.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Connections to one host at once.</summary>
    [Range(1, 1000)]
    public int ConnectionCountMax { get; init; } = 16;

    /// <summary>The same with URLs that end in a slash, so that what is below them can be named.</summary>
    /// <exception cref="ArgumentException">An option is none.</exception>
    internal ArweaveOptions Checked()
    {
        Validator.ValidateObject(this, new ValidationContext(this), validateAllProperties: true);
        if (Gateways.Count == 0) throw new ArgumentException("Name at least one gateway to read from.", nameof(Gateways));
        var options = this with
        {
            Bundler = Bundler is null ? null : Base(Bundler),
            Payments = Payments is null ? null : Base(Payments),
            Nodes = [.. Nodes.Select(Base)],
            Gateways = [.. Gateways.Select(Base)],
        };
        var sentTo = options.Bundler is { } bundler ? [bundler.Authority] : options.Nodes.Select(node => node.Authority).ToHashSet();
        if (options.Gateways.All(gateway => sentTo.Contains(gateway.Authority)))
            throw new ArgumentException("Name at least one gateway of another host than items are sent to: an item counts as stored only once such a one has served it.", nameof(Gateways));
        return options;
    }

    private static Uri Base(Uri address)
    {
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0)
            throw new ArgumentException("A URL of a bundler, node or gateway is an http or https URL without user and query.");
        return address.AbsolutePath.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");
    }
}
