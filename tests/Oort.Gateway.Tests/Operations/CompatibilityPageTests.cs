using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Access;
using Oort.Gateway.Operations;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

/// <summary>Holds docs/s3-compatibility.md against what the program does.</summary>
public sealed class CompatibilityPageTests
{
    /// <summary>Of S3's model; the enum also has those of HTML forms and HTTP preflights.</summary>
    private const int OperationCount = 116;

    [Fact]
    public void EveryOperation_OfTheEnum_IsOnThePageOnceAsItIsAnswered()
    {
        var handled = S3Operations.Create(null!, new(), TimeProvider.System, new IdleTiering(), new(null!, LoneAccounts.Instance, new(), TimeProvider.System, NullLogger<AccessGate>.Instance));
        var isFixed = BucketConfigurations.Operations.ToHashSet();
        var expected = Enum.GetValues<S3Operation>().Where(operation => operation != S3Operation.None)
            .Select(operation => $"{operation}: {(isFixed.Contains(operation) ? "fixed" : handled.ContainsKey(operation) ? "yes" : "no")}")
            .ToList();

        var rows = Page().Split("## Every operation")[1].Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2)
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Select(cells => $"{cells[1]}: {cells[2]}")
            .ToList();

        rows.ShouldBe(expected, ignoreOrder: true);
        rows.Count.ShouldBe(OperationCount + 2);
    }

    private static string Page()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var page = Path.Combine(folder.FullName, "docs", "s3-compatibility.md");
            if (File.Exists(page)) return File.ReadAllText(page);
        }

        throw new FileNotFoundException("docs/s3-compatibility.md is not above the tests.");
    }
}
