using System.ComponentModel.DataAnnotations;
using System.Text;
using Oort.Backends;
using Oort.Backends.Arweave;
using Oort.Backends.Crust;
using Oort.Backends.Filecoin;
using Oort.Backends.Icp;
using Oort.Backends.Ipfs;
using Oort.Backends.S3;
using Oort.Evm;
using Oort.Objects.Networks;
using Oort.S3.Client;

namespace Oort.Gateway.Networks;

/// <summary>Opens the outside networks that this program speaks to, by the settings that an operator gave (docs/networks.md, "Kinds and their settings").</summary>
public sealed class NetworkFactory(TimeProvider time, Random jitter) : INetworkFactory
{
    /// <summary>The kinds that there are, with the names of their settings, secret or not.</summary>
    private static readonly Dictionary<string, string[]> kinds = new(StringComparer.Ordinal)
    {
        ["s3"] = ["bucket", "endpoint", "region", "prefix", "class", "addressing", "body-form", "read-back", "look-days", "bundle-below", "access-key", "secret-key", "session-token", .. PriceSettings.Names],
        ["ipfs"] = ["node", "gateways", "token", .. PriceSettings.Names],
        ["ipfs-pinning"] = ["service", "node", "gateways", "origins", "token", "node-token", "poll-seconds", .. PriceSettings.Names],
        ["crust"] =
            ["gateway", "service", "gateways", "key", "token", "rpc", "rpc-authorization", "node", "node-token", "chain", "contract", "coin", "permanent", "usd-per-coin", "usd-per-coin-date",
             "gas-price-max", "order-usd-max", "order-days", "confirmations", "poll-seconds", "bundle-below", .. PriceSettings.Names],
        ["arweave"] = ["bundler", "payments", "bundler-address", "nodes", "gateways", "poll-seconds", "bundle-below", "wallet", "key", "usd-per-ar", "usd-per-ar-date"],
        ["filecoin"] = ["chain", "rpc", "provider", "provider-id", "label", "read-back", "poll-seconds", "proof-poll-seconds", "bundle-below", "key", "rpc-authorization", .. PriceSettings.Names],
        ["icp"] = ["canister", "gateway"],
    };

    public INetworkBackend Open(NetworkDefinition definition, ReadOnlySpan<byte> secret)
    {
        if (!kinds.TryGetValue(definition.Kind, out var known)) throw new NetworkException($"There is no kind of network \"{definition.Kind}\"; there are {string.Join(", ", kinds.Keys)}.");
        var settings = new NetworkSettings(definition, secret, known);
        try
        {
            return definition.Kind switch
            {
                "s3" => OpenS3(settings),
                "ipfs" => new IpfsBackend(Ipfs(settings, "token"), time),
                "ipfs-pinning" => OpenPinning(settings),
                "crust" => settings.FindUrl("rpc") is { } rpc ? OpenCrustOrders(settings, rpc) : OpenCrust(settings),
                "arweave" => OpenArweave(settings),
                "icp" => OpenIcp(settings),
                _ => OpenFilecoin(settings),
            };
        }
        catch (Exception failure) when (failure is ArgumentException or ValidationException or FormatException)
        {
            throw new NetworkException($"Network {definition.Name} cannot be used as it is set: {Sentence(failure)}", failure);
        }
    }

    /// <summary>Without the name of the parameter, which an operator has not given.</summary>
    private static string Sentence(Exception failure) => failure is ArgumentException { ParamName: not null } ? failure.Message[..failure.Message.LastIndexOf(" (", StringComparison.Ordinal)] : failure.Message;

    private S3NetworkBackend OpenS3(NetworkSettings settings)
    {
        var options = new S3NetworkOptions
        {
            Client = new()
            {
                Endpoint = settings.Url("endpoint"),
                Region = settings.Find("region") ?? "us-east-1",
                Addressing = settings.Choice("addressing", ("auto", S3Addressing.Auto), ("path", S3Addressing.Path), ("virtual", S3Addressing.VirtualHost)),
                BodyForm = settings.Choice("body-form", ("auto", S3BodyForm.Auto), ("plain", S3BodyForm.Plain)),
            },
            Keys = new(settings.Text("access-key"), settings.Text("secret-key"), settings.Find("session-token")),
            Bucket = settings.Text("bucket"),
            StorageClass = settings.Find("class"),
            Prices = PriceSettings.Read(settings, S3Prices.Of(settings.Find("class"))),
            ReadBack = settings.Choice("read-back", ("full", S3ReadBack.Full), ("sample", S3ReadBack.Sample)),
            BundleBelow = settings.FindNumber("bundle-below"),
        };
        if (settings.FindNumber("look-days") is { } days) options = options with { LookDays = (int)Math.Min(days, int.MaxValue) };
        return new(settings.Find("prefix") is { } prefix ? options with { Prefix = prefix } : options, time, time, jitter);
    }

    /// <param name="token">Name of the setting with the node's token.</param>
    private static IpfsOptions Ipfs(NetworkSettings settings, string token) => new()
    {
        Node = settings.Url("node"),
        Credentials = settings.Find(token) is { } given ? IpfsCredentials.Bearer(given) : null,
        Gateways = Gateways(settings),
        Prices = PriceSettings.Read(settings, null),
    };

    private static IpfsGateway[] Gateways(NetworkSettings settings) => [.. settings.Urls("gateways").Select(url => new IpfsGateway(url))];

    private PinningBackend OpenPinning(NetworkSettings settings)
    {
        var options = new PinningOptions
        {
            Service = settings.Url("service"),
            Credentials = IpfsCredentials.Bearer(settings.Text("token")),
            Origin = Ipfs(settings, "node-token"),
            Prices = PriceSettings.Read(settings, null),
            Origins = [.. (settings.Find("origins") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)],
        };
        return new(settings.FindSeconds("poll-seconds") is { } poll ? options with { PollDelay = poll, PollDelayMax = Longer(poll, options.PollDelayMax) } : options, time);
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private CrustBackend OpenCrust(NetworkSettings settings)
    {
        if (settings.Find("bundle-below") is not null) throw new ArgumentException("Crust's service does not charge by the item: \"bundle-below\" is for orders by \"rpc\".");
        if (settings.Find("confirmations") is not null) throw new ArgumentException("Crust's service places the orders: \"confirmations\" is for orders by \"rpc\".");
        var options = new CrustOptions { Gateway = settings.Url("gateway"), Service = settings.Url("service"), Gateways = Gateways(settings), Token = CrustToken(settings), Prices = PriceSettings.Read(settings, null) };
        return new(settings.FindSeconds("poll-seconds") is { } poll ? options with { PollDelay = poll, PollDelayMax = Longer(poll, options.PollDelayMax) } : options, time);
    }

    private static W3AuthToken CrustToken(NetworkSettings settings)
    {
        if (settings.Find("token") is { } token) return W3AuthToken.Parse(token);
        using var key = EvmKey.FromHex(settings.Text("key"));
        return W3AuthToken.Of(key);
    }

    private KeyedBackend OpenCrustOrders(NetworkSettings settings, Uri rpc)
    {
        if (settings.Find("service") is not null) throw new ArgumentException("Orders go to a \"service\" or to a contract by \"rpc\": name one of the two.");
        var isGateway = settings.FindUrl("gateway") is not null;
        if (isGateway == settings.FindUrl("node") is not null) throw new ArgumentException("Items are sent to a \"gateway\" of Crust's or to a \"node\" of your own: name one of the two.");
        var options = new CrustOrderOptions
        {
            Chain = CrustChainOf(settings),
            Rpc = new() { Endpoint = rpc, Authorization = settings.Find("rpc-authorization") },
            Node = settings.Url(isGateway ? "gateway" : "node"),
            // The token is never made of the key that pays: who sees it once is the account for ever.
            Credentials = isGateway ? W3AuthToken.Parse(settings.Text("token")).ToBasic() : settings.Find("node-token") is { } token ? IpfsCredentials.Bearer(token) : null,
            Gateways = Gateways(settings),
            IsPermanent = settings.Choice("permanent", ("no", false), ("yes", true)),
            UsdPerCoin = settings.Decimal("usd-per-coin"),
            UsdPerCoinAsOf = settings.Date("usd-per-coin-date"),
        };
        if (settings.Find("gas-price-max") is not null) options = options with { GasPriceMax = new(settings.Decimal("gas-price-max") * 1e9) };
        if (settings.Find("order-usd-max") is not null) options = options with { OrderUsdMax = settings.Decimal("order-usd-max") };
        if (settings.Find("order-days") is not null) options = options with { OrderDuration = TimeSpan.FromDays(settings.Number("order-days")) };
        if (settings.Find("confirmations") is not null) options = options with { BlockCount = (int)Math.Min(settings.Number("confirmations"), int.MaxValue) };
        if (settings.FindSeconds("poll-seconds") is { } poll) options = options with { PollDelay = poll };
        if (settings.FindNumber("bundle-below") is { } length) options = options with { BundleBelow = length };
        return Keyed(EvmKey.FromHex(settings.Text("key")), key => new CrustOrderBackend(options, key, time));
    }

    /// <summary>One that is known by name, or another by its number; either with a contract of one's own.</summary>
    private static CrustChain CrustChainOf(NetworkSettings settings)
    {
        var name = settings.Text("chain");
        var contract = settings.Find("contract") is { } text ? EvmAddress.TryParse(text, out var address) ? address : throw new ArgumentException("The \"contract\" is no address: 0x and 40 hexadecimal digits.") : (EvmAddress?)null;
        var known = CrustChain.Known.FirstOrDefault(chain => chain.Name == name);
        if (known is not null) return contract is { } other ? known with { Contract = other } : known;
        if (!char.IsAsciiDigit(name[0]) || contract is not { } given)
            throw new ArgumentException($"The \"chain\" is one of {string.Join(", ", CrustChain.Known.Select(chain => chain.Name))}, or the number of another, with its \"contract\".");
        return new() { Name = $"chain {name}", ChainId = (ulong)settings.Number("chain"), Contract = given, Coin = settings.Find("coin") ?? "coins" };
    }

    private KeyedBackend OpenArweave(NetworkSettings settings)
    {
        var options = new ArweaveOptions
        {
            Bundler = settings.FindUrl("bundler"),
            Payments = settings.FindUrl("payments"),
            BundlerAddress = settings.Find("bundler-address"),
            Nodes = settings.Urls("nodes"),
            Gateways = settings.Urls("gateways"),
            BundleBelow = settings.FindNumber("bundle-below"),
        };
        if (settings.FindSeconds("poll-seconds") is { } poll) options = options with { PollInterval = poll };
        if (settings.Find("usd-per-ar") is not null) options = options with { UsdPerAr = settings.Decimal("usd-per-ar"), UsdPerArAsOf = settings.Date("usd-per-ar-date") };
        if (settings.Find("wallet") is { } jwk)
            return Keyed(ArweaveKey.Read(Encoding.UTF8.GetBytes(jwk)), wallet => options.Bundler is null ? ArweaveBackend.Direct(options, wallet, time) : ArweaveBackend.ThroughBundler(options, wallet, time));
        if (options.Bundler is null) throw new ArgumentException("Without a bundler a \"wallet\" has to pay, an Arweave JWK file.");
        return Keyed(EvmKey.FromHex(settings.Text("key")), key => ArweaveBackend.ThroughBundler(options, new EthereumItemKey(key), time));
    }

    private KeyedBackend OpenFilecoin(NetworkSettings settings)
    {
        var options = new FilecoinOptions
        {
            Network = settings.Choice("chain", ("mainnet", FilecoinNetwork.Mainnet), ("calibration", FilecoinNetwork.Calibration)),
            Node = new() { Endpoint = settings.Url("rpc"), Authorization = settings.Find("rpc-authorization") },
            ServiceUrl = settings.Url("provider"),
            ProviderId = settings.Number("provider-id"),
            ReadBack = settings.Choice("read-back", ("full", FilecoinReadBack.Full), ("sample", FilecoinReadBack.Sample)),
            Prices = PriceSettings.Read(settings, FilecoinPrices.Default),
        };
        if (settings.Find("label") is { } label) options = options with { Label = label };
        if (settings.FindSeconds("poll-seconds") is { } poll) options = options with { AskInterval = poll };
        if (settings.FindSeconds("proof-poll-seconds") is { } proofPoll) options = options with { ProofInterval = proofPoll };
        if (settings.FindNumber("bundle-below") is { } length) options = options with { BundleBelow = length };
        return Keyed(EvmKey.FromHex(settings.Text("key")), key => new FilecoinBackend(options, key, time, time));
    }

    /// <summary>Items can be read; nothing fills the slot for what writes to canisters.</summary>
    private IcpBackend OpenIcp(NetworkSettings settings)
    {
        var options = new IcpOptions { Canister = CanisterId.Parse(settings.Text("canister")) };
        return new(settings.Find("gateway") is { } gateway ? options with { Gateway = gateway } : options, writer: null, time);
    }

    /// <summary>Opens a backend with its key; the key does not outlive one that cannot be opened.</summary>
    private static KeyedBackend Keyed<TKey>(TKey key, Func<TKey, INetworkBackend> open)
        where TKey : IDisposable
    {
        try
        {
            return new(open(key), key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
