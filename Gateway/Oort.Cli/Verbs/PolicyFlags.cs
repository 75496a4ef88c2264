using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Oort.Gateway;
using Oort.Objects.Placement;

namespace Oort.Cli.Verbs;

/// <summary>A placement policy from the command line: a file, and flags that win over it.</summary>
internal sealed class PolicyFlags
{
    private const int FileSizeMax = 64 * 1024;

    private readonly Option<string> _file = new("--file") { Description = "JSON of a policy, as `oort placement show` prints it.", HelpName = "FILE" };
    private readonly Option<string> _geometry = new("--geometry") { Description = "Data and parity shards, such as 8+4, or auto.", HelpName = "K+M" };
    private readonly Option<string[]> _kind = List("--kind", "Kinds of store to use.");
    private readonly Option<string[]> _cap = List("--cap", "Shards of a segment at most in one domain, such as operator=1; device, machine, operator, network, region or country.");
    private readonly Option<string[]> _country = List("--country", "Countries to use (DE).");
    private readonly Option<string[]> _avoidCountry = List("--avoid-country", "Countries to avoid.");
    private readonly Option<string[]> _region = List("--region", "Regions to use.");
    private readonly Option<string[]> _avoidRegion = List("--avoid-region", "Regions to avoid.");
    private readonly Option<int?> _countriesMin = new("--countries-min") { Description = "Countries that a segment lies in at least." };
    private readonly Option<int?> _repairBelow = new("--repair-below") { Description = "Healthy shards at which repair begins." };
    private readonly Option<double?> _unvetted = new("--unvetted-percent") { Description = "Percent of new shards that may go to stores that are not vetted yet (5)." };
    private readonly Option<double?> _budget = new("--budget") { Description = "US dollars that a TiB of objects may cost a month." };
    private readonly Option<double?> _latency = new("--prefer-latency") { Description = "How much low latency counts: 0 not at all, 1 by default, 10 at most." };
    private readonly Option<double?> _price = new("--prefer-price") { Description = "How much a low price counts." };
    private readonly Option<string[]> _network = List("--network", "Outside networks that shards go to once they are written, and how many of a segment, such as attic=2; the first gets the last shards.");
    private readonly Option<string[]> _store = List("--store", "Disks and nodes to use, by id or location (oort disk list).");
    private readonly Option<string[]> _avoidStore = List("--avoid-store", "Disks and nodes to avoid, by id or location.");
    private readonly Option<bool> _refuse = new("--refuse") { Description = "Place nothing against the policy, rather than as near to it as possible." };

    public Option[] All => [_file, _geometry, _kind, _cap, _country, _avoidCountry, _region, _avoidRegion, _countriesMin, _repairBelow, _unvetted, _budget, _latency, _price, _network, _store, _avoidStore, _refuse];

    public bool IsGiven(ParseResult parsed) => All.Any(option => parsed.GetResult(option) is { Implicit: false });

    /// <exception cref="ConfigurationException">File or flags cannot be read.</exception>
    public PlacementPolicy Read(ParseResult parsed, string name)
    {
        var policy = (parsed.GetValue(_file) is { } file ? ReadFile(file) : PlacementPolicy.Default) with { Name = name };
        policy = policy with
        {
            Geometry = parsed.GetValue(_geometry) ?? policy.Geometry,
            Kinds = Given(parsed, _kind) ?? policy.Kinds,
            Countries = new(Given(parsed, _country) ?? policy.Countries.Use, Given(parsed, _avoidCountry) ?? policy.Countries.Avoid),
            Regions = new(Given(parsed, _region) ?? policy.Regions.Use, Given(parsed, _avoidRegion) ?? policy.Regions.Avoid),
            CountriesMin = parsed.GetValue(_countriesMin) ?? policy.CountriesMin,
            RepairBelow = parsed.GetValue(_repairBelow) ?? policy.RepairBelow,
            UnvettedPercent = parsed.GetValue(_unvetted) ?? policy.UnvettedPercent,
            Budget = parsed.GetValue(_budget) ?? policy.Budget,
            Prefer = new(parsed.GetValue(_latency) ?? policy.Prefer.Latency, parsed.GetValue(_price) ?? policy.Prefer.Price),
            NetworkShares = Given(parsed, _network) is { } networks ? [.. networks.Select(Network)] : policy.NetworkShares,
            StoreFilter = Given(parsed, _store) is null && Given(parsed, _avoidStore) is null ? policy.StoreFilter : new(Given(parsed, _store) ?? policy.StoreFilter?.Use ?? [], Given(parsed, _avoidStore) ?? policy.StoreFilter?.Avoid ?? []),
            WhenUnmet = parsed.GetValue(_refuse) ? UnmetAction.Refuse : policy.WhenUnmet,
        };
        return Given(parsed, _cap) is { } caps ? policy with { Caps = policy.Caps.SetItems(caps.Select(Cap)) } : policy;
    }

    private static NetworkShare Network(string text)
    {
        var parts = text.Split('=');
        return parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var shards) ? new(parts[0], shards) : throw new ConfigurationException($"--network: \"{text}\" is not a network's name and a number of shards, such as attic=2.");
    }

    private static KeyValuePair<DomainKind, int> Cap(string text)
    {
        var parts = text.Split('=');
        return parts.Length == 2 && Enum.TryParse<DomainKind>(parts[0], ignoreCase: true, out var kind) && Enum.IsDefined(kind) && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var cap)
            ? new(kind, cap)
            : throw new ConfigurationException($"--cap: \"{text}\" is not a kind of domain and a number, such as operator=1.");
    }

    private static PlacementPolicy ReadFile(string file)
    {
        try
        {
            if (new FileInfo(file).Length > FileSizeMax) throw new ConfigurationException($"{file} is larger than 64 KiB.");
            return JsonSerializer.Deserialize<PlacementPolicy>(File.ReadAllBytes(file), PlacementDocument.Json) ?? throw new ConfigurationException($"{file} holds no policy.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new ConfigurationException($"{file} cannot be read: {e.Message}");
        }
    }

    private static ImmutableArray<string>? Given(ParseResult parsed, Option<string[]> option) =>
        parsed.GetResult(option) is { Implicit: false } ? [.. parsed.GetRequiredValue(option).SelectMany(value => value.Split(',', StringSplitOptions.RemoveEmptyEntries))] : null;

    private static Option<string[]> List(string name, string help) => new(name) { Description = help + " Several: repeat it, or commas.", AllowMultipleArgumentsPerToken = false };
}
