using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Oort.Backends;
using Oort.Gateway.Networks;
using Oort.Objects.Networks;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Networks;

public sealed class NetworkFactoryTests
{
    private const string Key = "4646464646464646464646464646464646464646464646464646464646464646";

    /// <summary>Kind, then settings that it cannot do without, with "!" in front of those that are secret.</summary>
    private static readonly Dictionary<string, Dictionary<string, string>> needed = new()
    {
        ["s3"] = new() { ["bucket"] = "attic", ["endpoint"] = "https://s3.example.net", ["!access-key"] = "id", ["!secret-key"] = Key },
        ["ipfs"] = new() { ["node"] = "http://127.0.0.1:5001" },
        ["ipfs-pinning"] = new() { ["service"] = "https://pin.example.net", ["node"] = "http://127.0.0.1:5001", ["gateways"] = "https://one.example.net https://two.example.net", ["!token"] = Key },
        ["crust"] = new() { ["gateway"] = "https://crust.example.net", ["service"] = "https://pin.example.net", ["gateways"] = "https://one.example.net", ["!key"] = Key },
        ["arweave"] = new() { ["bundler"] = "https://bundler.example.net", ["gateways"] = "https://one.example.net", ["!key"] = Key },
        ["filecoin"] = new() { ["rpc"] = "https://rpc.example.net", ["provider"] = "https://provider.example.net", ["provider-id"] = "7", ["!key"] = Key },
        ["icp"] = new() { ["canister"] = "ryjl3-tyaaa-aaaaa-aaaba-cai" },
    };

    /// <summary>Crust without a service: orders that this account pays.</summary>
    private static readonly Dictionary<string, string> orders = new()
    {
        ["rpc"] = "https://rpc.example.net",
        ["chain"] = "ethereum",
        ["node"] = "http://127.0.0.1:5001",
        ["gateways"] = "https://one.example.net",
        ["usd-per-coin"] = "2000.5",
        ["usd-per-coin-date"] = "2026-11-01",
        ["!key"] = Key,
    };

    public static TheoryData<string> OrderSettings => [.. orders.Keys.Where(name => name != "rpc")];

    public static TheoryData<string> Kinds => [.. needed.Keys];

    public static TheoryData<string, string> Needed => [.. needed.SelectMany(kind => kind.Value.Keys.Select(name => (kind.Key, name)))];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Open_WithWhatItNeeds_IsOfTheKindAndNamesNoSecret(string kind)
    {
        await using var backend = Open(kind, needed[kind]);
        backend.Traits.Kind.ShouldBe(kind);
        backend.Location.ShouldStartWith("http");
        backend.Location.ShouldNotContain(Key);
    }

    [Theory]
    [MemberData(nameof(Needed))]
    public void Open_WithoutOneOfThem_SaysWhichAndNoSecret(string kind, string missing)
    {
        var failure = Should.Throw<NetworkException>(() => Open(kind, needed[kind].Where(pair => pair.Key != missing).ToDictionary()));
        failure.ToString().ShouldNotContain(Key);
        failure.Message.ShouldContain(missing.TrimStart('!').TrimEnd('s'), Case.Insensitive);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Open_WithASettingOfAnother_SaysWhichThereAre(string kind)
    {
        var failure = Should.Throw<NetworkException>(() => Open(kind, new(needed[kind]) { ["colour"] = "green" }));
        failure.Message.ShouldContain("no setting \"colour\"");
        foreach (var name in needed[kind].Keys) failure.Message.ShouldContain(name.TrimStart('!'));
    }

    [Theory]
    [InlineData("s3", "endpoint", "ftp://s3.example.net")]
    [InlineData("s3", "read-back", "some")]
    [InlineData("s3", "look-days", "0")]
    [InlineData("s3", "look-days", "4294967297")]
    [InlineData("s3", "look-days", "daily")]
    [InlineData("s3", "addressing", "pathless")]
    [InlineData("s3", "body-form", "framed")]
    [InlineData("s3", "prefix", "/slash")]
    [InlineData("ipfs", "node", "127.0.0.1:5001")]
    [InlineData("ipfs", "gateways", "http://user@one.example.net")]
    [InlineData("crust", "!key", "46")]
    [InlineData("crust", "!token", "AAAA")]
    [InlineData("arweave", "!wallet", "{}")]
    [InlineData("arweave", "gateways", "https://bundler.example.net")]
    [InlineData("filecoin", "provider-id", "seven")]
    [InlineData("filecoin", "chain", "ethereum")]
    [InlineData("filecoin", "!key", "0x00")]
    [InlineData("icp", "canister", "ryjl3-tyaaa-aaaaa-aaaba-caj")]
    [InlineData("icp", "gateway", "https://icp0.io")]
    [InlineData("s3", "price-item", "0.01")]
    [InlineData("s3", "price-date", "2026-10-01", "price-item", "-1")]
    [InlineData("s3", "price-date", "2026-10-01", "price-item", "NaN")]
    [InlineData("ipfs", "price-date", "yesterday", "price-item", "1")]
    [InlineData("arweave", "usd-per-ar", "2")]
    [InlineData("arweave", "poll-seconds", "0")]
    [InlineData("filecoin", "poll-seconds", "0.5")]
    [InlineData("filecoin", "proof-poll-seconds", "86401")]
    [InlineData("ipfs-pinning", "poll-seconds", "-1")]
    [InlineData("crust", "poll-seconds", "soon")]
    [InlineData("crust", "confirmations", "3")]
    public void Open_WithAWrongValue_IsRefusedInASentence(string kind, string name, string value, string? other = null, string otherValue = "")
    {
        var settings = new Dictionary<string, string>(needed[kind]) { [name] = value };
        if (other is not null) settings[other] = otherValue;
        var failure = Should.Throw<NetworkException>(() => Open(kind, settings));
        failure.Message.ShouldEndWith(".");
        if (name[0] == '!') failure.Message.ShouldNotContain($"\"{value}\"");
    }

    [Fact]
    public async Task Open_CrustWithARpc_PaysItsOrdersItself()
    {
        await using var expiring = Open("crust", orders);
        (expiring.Traits.Kind, expiring.Traits.Retention, expiring.Location).ShouldBe(("crust", Retention.Expiring, "http://127.0.0.1:5001"));
        await using var permanent = Open("crust", new(orders)
        {
            ["permanent"] = "yes",
            ["chain"] = "31337",
            ["contract"] = "0xE391613d2056e47F74ED5eF1d443d4CDB21AAAd9",
            ["coin"] = "TEST",
            ["gas-price-max"] = "0.5",
            ["order-usd-max"] = "1",
            ["order-days"] = "90",
            ["confirmations"] = "12",
            ["!rpc-authorization"] = "Bearer " + Key,
            ["!node-token"] = Key,
        });
        permanent.Traits.Retention.ShouldBe(Retention.Permanent);
        foreach (var name in (string[])["ethereum", "optimism", "arbitrum", "zksync", "crust"]) await Open("crust", new(orders) { ["chain"] = name }).DisposeAsync();
    }

    [Theory]
    [InlineData("ipfs-pinning", "poll-seconds")]
    [InlineData("crust", "poll-seconds")]
    [InlineData("orders", "poll-seconds")]
    [InlineData("arweave", "poll-seconds")]
    [InlineData("filecoin", "poll-seconds")]
    [InlineData("filecoin", "proof-poll-seconds")]
    public async Task Open_WithAPause_TakesFromASecondToADay(string kind, string name)
    {
        var settings = kind == "orders" ? orders : needed[kind];
        if (kind == "orders") kind = "crust";
        foreach (var seconds in (string[])["1", "86400"]) await Open(kind, new(settings) { [name] = seconds }).DisposeAsync();
        foreach (var wrong in (string[])["0", "86401", "1s", "9223372036854775807"]) Should.Throw<NetworkException>(() => Open(kind, new(settings) { [name] = wrong })).Message.ShouldContain($"\"{name}\"");
    }

    /// <summary>By default (docs/networks.md, "Bundles"), and by the setting where there is one.</summary>
    [Theory]
    [InlineData("s3", "class", "", 0)]
    [InlineData("s3", "class", "STANDARD", 0)]
    [InlineData("s3", "class", "STANDARD_IA", 858_993)]
    [InlineData("s3", "class", "ONEZONE_IA", 1_073_741)]
    [InlineData("s3", "class", "GLACIER_IR", 1_789_569)]
    [InlineData("s3", "class", "GLACIER", 4_096_000)]
    [InlineData("s3", "class", "DEEP_ARCHIVE", 9_038_230)]
    [InlineData("ipfs", "token", Key, 0, false)]
    [InlineData("ipfs-pinning", "origins", "", 0, false)]
    [InlineData("crust", "key", Key, 0, false)]
    [InlineData("arweave", "payments", "https://payments.example.net", 128 * 1024)]
    [InlineData("filecoin", "label", "attic", 64 << 20)]
    [InlineData("orders", "order-days", "200", 64 << 20)]
    public async Task Open_NetworksThatChargeByTheItem_BundleWhatIsShort(string kind, string name, string value, long expected, bool isSet = true)
    {
        Dictionary<string, string> settings = new(kind == "orders" ? orders : needed[kind]) { [name] = value };
        if (kind == "orders") kind = "crust";
        await using (var backend = Open(kind, settings)) backend.Traits.BundleBelow.ShouldBe(expected);
        if (!isSet)
        {
            Should.Throw<NetworkException>(() => Open(kind, new(settings) { ["bundle-below"] = "7" })).Message.ShouldContain("bundle-below");
            return;
        }

        foreach (var length in (long[])[0, 7, 1L << 30])
            await using (var backend = Open(kind, new(settings) { ["bundle-below"] = $"{length}" })) backend.Traits.BundleBelow.ShouldBe(length);
        foreach (var wrong in (string[])["-1", "64MiB", $"{(1L << 30) + 1}"]) Should.Throw<NetworkException>(() => Open(kind, new(settings) { ["bundle-below"] = wrong })).Message.ShouldEndWith(".");
    }

    [Theory]
    [MemberData(nameof(OrderSettings))]
    public void Open_CrustOrdersWithoutOneOfThem_SaysWhichAndNoSecret(string missing)
    {
        var failure = Should.Throw<NetworkException>(() => Open("crust", orders.Where(pair => pair.Key != missing).ToDictionary()));
        failure.ToString().ShouldNotContain(Key);
        failure.Message.ShouldContain(missing.TrimStart('!').TrimEnd('s'), Case.Insensitive);
    }

    [Theory]
    [InlineData("chain", "bitcoin", "one of ethereum")]
    [InlineData("chain", "31337", "with its \"contract\"")]
    [InlineData("contract", "0x12", "no address")]
    [InlineData("permanent", "maybe", "one of no, yes")]
    [InlineData("usd-per-coin", "-1", "a number")]
    [InlineData("usd-per-coin", "0", "UsdPerCoin")]
    [InlineData("usd-per-coin", "1e3", "a number")]
    [InlineData("usd-per-coin-date", "01.11.2026", "a day")]
    [InlineData("gas-price-max", "0", "GasPriceMax")]
    [InlineData("order-usd-max", "much", "a number")]
    [InlineData("order-days", "20", "RenewalLead")]
    [InlineData("confirmations", "0", "BlockCount")]
    [InlineData("confirmations", "129", "BlockCount")]
    [InlineData("confirmations", "9223372036854775807", "BlockCount")]
    [InlineData("service", "https://pin.example.net", "one of the two")]
    [InlineData("gateway", "https://crust.example.net", "one of the two")]
    [InlineData("rpc", "rpc.example.net", "not a URL")]
    public void Open_CrustOrdersWithAWrongValue_IsRefusedInASentence(string name, string value, string said)
    {
        var failure = Should.Throw<NetworkException>(() => Open("crust", new(orders) { [name] = value }));
        failure.Message.ShouldEndWith(".");
        failure.Message.ShouldContain(said);
    }

    [Fact]
    public async Task Open_CrustOrdersThroughAGateway_NeedATokenOfAnotherKey()
    {
        var settings = orders.Where(pair => pair.Key != "node").ToDictionary();
        settings["gateway"] = "https://crust.example.net";
        Should.Throw<NetworkException>(() => Open("crust", settings)).Message.ShouldContain("token");
        using var other = Evm.EvmKey.FromHex(new string('4', 64));
        var signature = other.SignMessage(other.Address.ToString());
        settings["!token"] = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"eth-{other.Address}:{signature}"));
        await using var backend = Open("crust", settings);
        backend.Location.ShouldBe("https://crust.example.net");
    }

    [Fact]
    public async Task Prices_ThatAreSet_TakeThePlaceOfTheDefaultsAndBearTheirDate()
    {
        await using var cloud = Open("s3", new(needed["s3"]) { ["class"] = "STANDARD_IA", ["price-gib-month"] = "0.006", ["price-least-days"] = "10", ["price-date"] = "2026-10-01" });
        var prices = await cloud.GetPricesAsync(CancellationToken.None);
        (prices.PerGibibyteMonth, prices.DurationMin, prices.AsOf, prices.IsLive).ShouldBe((0.006, TimeSpan.FromDays(10), new(2026, 10, 1, 0, 0, 0, TimeSpan.Zero), false));
        (prices.PerItem, prices.ItemLengthCharged).ShouldBe((0.00001, 128 * 1024));

        await using var crust = Open("crust", new(needed["crust"]) { ["price-item"] = "0.0006", ["price-gib-once"] = "0.04", ["price-term-days"] = "180", ["price-date"] = "2026-10-01" });
        prices = await crust.GetPricesAsync(CancellationToken.None);
        (prices.PerItem, prices.PerGibibyteOnce, prices.Term, prices.PerGibibyteMonth).ShouldBe((0.0006, 0.04, TimeSpan.FromDays(180), 0));

        await using var plain = Open("s3", needed["s3"]);
        (await plain.GetPricesAsync(CancellationToken.None)).AsOf.ShouldBe(new(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
    }

    [Fact]
    public void Open_OfAnotherKind_SaysWhichThereAre() =>
        Should.Throw<NetworkException>(() => Open("tape", [])).Message.ShouldContain("s3, ipfs, ipfs-pinning, crust, arweave, filecoin, icp");

    [Fact]
    public void Open_SecretsThatAreNone_AreRefusedWithoutThem() =>
        Should.Throw<NetworkException>(() => new NetworkFactory(TimeProvider.System, new Random(1)).Open(Define("ipfs", needed["ipfs"]), "not JSON: hush"u8)).ToString().ShouldNotContain("hush");

    [Fact]
    public async Task Open_ArweaveWithAWallet_SendsThroughABundlerOrByItself()
    {
        using var rsa = RSA.Create(4096);
        var numbers = rsa.ExportParameters(includePrivateParameters: true);
        var jwk = JsonSerializer.Serialize(new
        {
            kty = "RSA",
            e = "AQAB",
            n = Text(numbers.Modulus!),
            d = Text(numbers.D!),
            p = Text(numbers.P!),
            q = Text(numbers.Q!),
            dp = Text(numbers.DP!),
            dq = Text(numbers.DQ!),
            qi = Text(numbers.InverseQ!),
        });
        await using var bundled = Open("arweave", new() { ["bundler"] = "https://bundler.example.net", ["gateways"] = "https://one.example.net", ["!wallet"] = jwk });
        bundled.Location.ShouldContain("bundler.example.net");
        await using var direct = Open("arweave", new() { ["nodes"] = "https://node.example.net https://other.example.net", ["gateways"] = "https://one.example.net", ["!wallet"] = jwk });
        direct.Location.ShouldContain("node.example.net");
        direct.Traits.BundleBelow.ShouldBe(4 << 20);

        static string Text(byte[] number) => Convert.ToBase64String(number).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    private static INetworkBackend Open(string kind, Dictionary<string, string> settings) => new NetworkFactory(TimeProvider.System, new Random(1)).Open(
        Define(kind, settings.Where(pair => pair.Key[0] != '!')),
        NetworkSettings.Encode(settings.Where(pair => pair.Key[0] == '!').ToDictionary(pair => pair.Key[1..], pair => pair.Value)));

    private static NetworkDefinition Define(string kind, IEnumerable<KeyValuePair<string, string>> settings) =>
        new() { Id = new(1), Name = "attic", Kind = kind, Settings = settings.ToImmutableSortedDictionary(StringComparer.Ordinal) };
}
