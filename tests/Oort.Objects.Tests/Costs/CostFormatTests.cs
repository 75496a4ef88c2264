using System.Text.RegularExpressions;
using Oort.Objects.Costs;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Costs;

/// <summary>docs/formats/cost-ledger.md and budgets.md, with their vectors.</summary>
public sealed partial class CostFormatTests
{
    public static TheoryData<string> Ledgers => [.. FormatVector.Names("cost-ledger", "*.txt")];

    public static TheoryData<string> Budgets => [.. FormatVector.Names("budgets", "*.txt")];

    [Theory]
    [MemberData(nameof(Ledgers))]
    public void DecodeLedger_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("cost-ledger", name);
        if (vector.Expect == "ok") CostLedger.Decode(vector.Bytes).Encode().ShouldBe(vector.Bytes);
        else Should.Throw<InvalidDataException>(() => CostLedger.Decode(vector.Bytes)).Message.ShouldNotBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Budgets))]
    public void DecodeBudgets_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("budgets", name);
        if (vector.Expect == "ok") BudgetDocument.Decode(vector.Bytes).Encode().ShouldBe(vector.Bytes);
        else Should.Throw<InvalidDataException>(() => BudgetDocument.Decode(vector.Bytes)).Message.ShouldNotBeEmpty();
    }

    [Fact]
    public void Pages_Examples_AreTheirVectorsAndSayWhatTheyShould()
    {
        var ledger = CostLedger.Decode(Example("cost-ledger", "a-month"));
        (ledger.Month, ledger.Counted["attic"], ledger.Sum()).ShouldBe((new(2026, 11, 1), new(2026, 11, 23, 15, 0, 0, TimeSpan.Zero), 0.75));
        ledger.Lines[0].ShouldBe(new("attic", CostKind.Put, 0.5, 100, 4096));
        ledger.Buckets[0].ShouldBe(new(17, "attic", CostKind.Put, 0.5));
        ledger.Paid[0].ShouldBe(new("weave", "winston", UInt128.MaxValue));

        var budgets = BudgetDocument.Decode(Example("budgets", "a-bucket"));
        (budgets.Revision, budgets.Total, budgets.Networks["attic"], budgets.Networks["weave"], budgets.Buckets["photos"], budgets.EmergencyFactor).ShouldBe((3, 100, 12.5, 0, 7.5, 2));
    }

    private static byte[] Example(string page, string vector)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", page + ".md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(text).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read(page, vector).Bytes);
        return bytes;
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s")]
    private static partial Regex Whitespace();
}
