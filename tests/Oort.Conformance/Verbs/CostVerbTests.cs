using System.Text.Json;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;
using static Oort.Conformance.Harness.Verb;

namespace Oort.Conformance.Verbs;

/// <summary><c>oort cost</c> and <c>oort budget</c>, as an operator uses them, with an S3 cloud that is a gateway too.</summary>
public sealed class CostVerbTests
{
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Costs_OfTwoBuckets_AreShownAndHeldToBudgets()
    {
        using var folder = new TemporaryFolder();
        await using var cloud = await GatewayProcess.StartAsync(folder["cloud"]);
        await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
        using (var there = S3Clients.Default(cloud)) await there.PutBucketAsync("items");
        using var client = S3Clients.Default(gateway);
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Endpoint) };
        foreach (var bucket in (string[])["photos", "films"]) await client.PutBucketAsync(bucket);
        File.WriteAllText(folder["aws-credentials"], $"[cloud]\naws_access_key_id = {GatewayProcess.AccessKey}\naws_secret_access_key = {GatewayProcess.SecretKey}\n");
        File.WriteAllText(folder["aws-config"], $"[profile cloud]\nendpoint_url = {cloud.Endpoint}\ns3 =\n  addressing_style = path\n");
        (await RunAsync(gateway, folder, "backend", "add", "far", "s3://items/shards", "--target-profile", "cloud", "--set", "price-date=2026-11-01", "--set", "price-item=1", "--set", "price-gib-month=0", "--set", "price-look=0", "--set", "price-read=0", "--set", "price-gib-read=0")).ShouldSucceed();
        File.WriteAllText(folder["aws-config"], "");
        (await RunAsync(gateway, folder, "placement", "set", "cold", "--geometry", "2+1", "--network", "far=1")).ShouldSucceed();
        (await RunAsync(gateway, folder, "placement", "assign", "cold")).ShouldSucceed();

        // Each object is an item of a dollar: three for photos, and one for films, whose second would be too much.
        (await RunAsync(gateway, folder, "budget", "set", "much")).ShouldFailWith(2, "is no number such as 12.50");
        (await RunAsync(gateway, folder, "budget", "set", "5", "--network", "near")).ShouldFailWith(1, "There is no network near");
        (await RunAsync(gateway, folder, "budget", "set", "5", "--bucket", "none")).ShouldFailWith(1, "There is no bucket none");
        (await RunAsync(gateway, folder, "budget", "set", "20")).ShouldSucceed();
        (await RunAsync(gateway, folder, "budget", "set", "1.5", "--bucket", "films", "--emergency", "3")).ShouldSucceed().Output.ShouldContain("bucket films");
        foreach (var (bucket, count) in ((string, int)[])[("photos", 3), ("films", 2)])
            for (var number = 0; number < count; number++) await client.PutObjectAsync(new() { BucketName = bucket, Key = $"key{number}", InputStream = new MemoryStream(new byte[2_000_000]) });
        var cost = await CountedAsync();
        cost.GetProperty("stocks")[0].GetProperty("items").GetInt64().ShouldBe(4);
        var buckets = cost.GetProperty("buckets").EnumerateArray().Where(one => one.GetProperty("bucket").GetString() != "").ToDictionary(one => one.GetProperty("bucket").GetString()!);
        (buckets["photos"].GetProperty("spent").GetDouble(), buckets["films"].GetProperty("lines").GetProperty("put").GetDouble()).ShouldBe((3, 1));
        (await RunAsync(gateway, folder, "cost")).ShouldSucceed().Output.ShouldSatisfyAllConditions(
            output => output.ShouldContain("photos"), output => output.ShouldContain("(others)"), output => output.ShouldContain("bucket films"), output => output.ShouldContain("configured of"));
        (await RunAsync(gateway, folder, "cost", "--month", "soon")).ShouldFailWith(1, "is no month such as 2026-10");
        (await JsonAsync(gateway, folder, "cost", "--month", "2020-01")).GetProperty("spent").GetDouble().ShouldBe(0);
        (await RunAsync(gateway, folder, "status")).ShouldSucceed().Output.ShouldContain("1.00 of this month's budget of 1.50 US dollars for bucket films are spent; new items wait");
        (await RunAsync(gateway, folder, "budget", "list")).ShouldSucceed().Output.ShouldContain("67 %     new items wait");
        var page = await http.GetStringAsync("/_oort/metrics");
        page.ShouldContain("oort_budget_spent_cents{network=\"\",bucket=\"films\"} 100");
        page.ShouldContain("oort_cost_spent_cents{network=\"far\",kind=\"put\"} 400");

        // Used up, the gateway says so where it is asked whether it is well; without the budget the last one goes.
        (await RunAsync(gateway, folder, "budget", "set", "1", "--bucket", "films")).ShouldSucceed().Output.ShouldContain("100 %");
        (await http.GetStringAsync("/_oort/health/ready")).ShouldContain("degraded");
        (await RunAsync(gateway, folder, "budget", "remove", "--bucket", "films")).ShouldSucceed().Output.ShouldNotContain("films");
        (await RunAsync(gateway, folder, "budget", "list")).ShouldSucceed().Output.ShouldContain("all networks");

        // Three and one are there, and one was held.
        async Task<JsonElement> CountedAsync()
        {
            using var limit = new CancellationTokenSource(patience);
            while (true)
            {
                var now = await JsonAsync(gateway, folder, "cost", "--now");
                if (now.GetProperty("lines").EnumerateArray().Any(line => line.GetProperty("kind").GetString() == "put" && line.GetProperty("count").GetDouble() == 4)
                    && !(await http.GetStringAsync("/_oort/metrics", limit.Token)).Contains("oort_budget_held_total 0", StringComparison.Ordinal)) return now;
                await Task.Delay(200, limit.Token);
            }
        }
    }
}
