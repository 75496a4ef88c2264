using FsCheck;
using FsCheck.Fluent;
using Oort.Backends;
using Oort.Objects.Placement;

namespace Oort.Objects.Tests.Placement;

/// <summary>Candidates for tests of placement.</summary>
internal static class Stores
{
    public static Candidate One(int number, string? op = null, string? machine = null, string country = "", string region = "", double price = 0, double weight = 1, bool vetted = true, string kind = "node") => new(
        new StoreId((UInt128)number + 1),
        new StoreTraits { Kind = kind, Operator = op ?? $"operator{number}", Machine = machine ?? $"machine{number}", Device = $"device{number}", Network = $"network{number}", Country = country, Region = region, PricePerTebibyteMonth = price },
        weight,
        vetted);

    public static bool[] AllUsable(CandidateTable table)
    {
        var usable = new bool[table.Count];
        usable.AsSpan().Fill(true);
        return usable;
    }

    public static (int[] Chosen, PlacementShortfall Shortfall) Choose(CandidateTable table, int shards, ulong turn)
    {
        var chosen = new int[shards];
        var shortfall = ShardSelection.Choose(table, AllUsable(table), Hashing.Mix(turn), turn, chosen);
        return (chosen, shortfall);
    }

    /// <summary>Small clusters whose domains cross each other.</summary>
    public static Gen<List<Candidate>> Clusters(int countMax) =>
        Gen.Choose(0, countMax).SelectMany(count => Gen.Choose(0, 4095).ArrayOf(count)).Select(numbers => numbers
            .Select((bits, number) => One(number, $"operator{bits % 4}", $"machine{bits / 4 % 6}", new[] { "", "DE", "FR", "NL" }[bits / 24 % 4], weight: 1 + bits % 7, vetted: bits % 5 != 0)).ToList());
}
