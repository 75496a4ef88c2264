using System.Text.Json;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;
using static Oort.Conformance.Harness.Verb;

namespace Oort.Conformance.Verbs;

/// <summary>The operator's verbs and pages, on a real gateway.</summary>
public sealed class VerbTests
{
    [Fact]
    public async Task Verbs_OnARunningGateway_ShowAndChangeWhatTheySay()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
        using var client = S3Clients.Default(gateway);
        await client.PutBucketAsync("verbs");
        const string key = "a b/ä+%&?.txt";
        await client.PutObjectAsync(new() { BucketName = "verbs", Key = key, ContentBody = new string('x', 300_000) });

        var shown = await JsonAsync(gateway, folder, "object", "show", $"s3://verbs/{key}");
        shown.GetProperty("durability").GetString().ShouldBe("full");
        shown.GetProperty("sizeBytes").GetInt64().ShouldBe(300_000);
        shown.GetProperty("segments")[0].GetProperty("shards").EnumerateArray().Select(s => s.GetProperty("disk").GetString()).Distinct().Count().ShouldBe(6);
        (await RunAsync(gateway, folder, "object", "show", "s3://verbs/none")).ExitCode.ShouldBe(1);

        (await JsonAsync(gateway, folder, "disk", "list")).GetProperty("disks").GetArrayLength().ShouldBe(6);
        (await JsonAsync(gateway, folder, "disk", "add", folder["seventh"])).GetProperty("disks").GetArrayLength().ShouldBe(7);
        (await RunAsync(gateway, folder, "disk", "add", folder["seventh"])).ExitCode.ShouldBe(1);
        (await JsonAsync(gateway, folder, "status")).GetProperty("state").GetString().ShouldNotBe("read-only");
        (await JsonAsync(gateway, folder, "scrub")).GetProperty("badShards").GetInt64().ShouldBe(0);

        (await Tool.RunAsync(GatewayProcess.Executable, ["health", "--endpoint", gateway.Endpoint])).ShouldSucceed();
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Endpoint) };
        (await http.GetStringAsync("/_oort/health/live")).ShouldContain("ok");
        var page = await http.GetStringAsync("/_oort/metrics");
        page.ShouldContain("oort_s3_requests_total{operation=\"PutObject\",status=\"200\"} 1\n");
        page.ShouldContain("oort_s3_duration_seconds_bucket{operation=\"PutObject\"");
        page.Split('\n').Count(line => line.StartsWith("oort_store_up{", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal)).ShouldBe(7);
        (await http.GetAsync(new Uri("/_oort/admin/v1/status", UriKind.Relative))).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Placement_OnARunningGateway_IsCheckedSetAssignedAndFollowed()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
        using var client = S3Clients.Default(gateway);
        await client.PutBucketAsync("wide");

        var refused = await RunAsync(gateway, folder, "placement", "set", "europe", "--country", "DE", "--geometry", "4+2");
        refused.ExitCode.ShouldBe(1);
        refused.Error.ShouldContain("There is no store in country DE.");
        (await RunAsync(gateway, folder, "placement", "set", "wide", "--geometry", "4-2")).ExitCode.ShouldBe(1);
        (await JsonAsync(gateway, folder, "placement", "check", "wide", "--geometry", "9+3")).GetProperty("unmet")[0].GetString().ShouldStartWith("A segment of 9+3 needs 12 stores");
        (await JsonAsync(gateway, folder, "placement", "set", "wide", "--geometry", "3+3")).GetProperty("unmet").GetArrayLength().ShouldBe(0);
        (await JsonAsync(gateway, folder, "placement", "assign", "wide", "--bucket", "wide")).GetProperty("assignments")[0].GetProperty("bucket").GetString().ShouldBe("wide");
        (await RunAsync(gateway, folder, "placement", "remove", "wide")).ExitCode.ShouldBe(1);
        (await JsonAsync(gateway, folder, "placement", "stores")).GetProperty("stores").GetArrayLength().ShouldBe(6);
        (await RunAsync(gateway, folder, "placement", "list")).ShouldSucceed().Output.ShouldContain("3+3");

        await client.PutObjectAsync(new() { BucketName = "wide", Key = "key", ContentBody = "x" });
        (await JsonAsync(gateway, folder, "object", "show", "s3://wide/key")).GetProperty("segments")[0].GetProperty("geometry").GetString().ShouldBe("3+3");
        (await JsonAsync(gateway, folder, "placement", "rebalance", "pause")).GetProperty("state").GetString().ShouldBe("paused");
        (await JsonAsync(gateway, folder, "placement", "rebalance", "resume")).GetProperty("state").GetString().ShouldNotBe("paused");
        (await RunAsync(gateway, folder, "status")).ShouldSucceed().Output.ShouldContain("shards moved");

        var survey = await JsonAsync(gateway, folder, "durability", "--annual-loss", "disk=0.1", "--annual-loss", "domain:machine=0.03", "--window-hours", "24");
        survey.GetProperty("policies").EnumerateArray().Single(one => one.GetProperty("policy").GetString() == "wide").GetProperty("segments").GetInt64().ShouldBe(1);
        survey.GetProperty("assumptions").ToString().ShouldContain("machine 3 %");
        (await RunAsync(gateway, folder, "durability", "--annual-loss", "disk=-1")).ExitCode.ShouldBe(1);
        var lost = await RunAsync(gateway, folder, "durability", "what-if", "--lose", "operator:self", "--objects");
        lost.ExitCode.ShouldBe(1);
        lost.Output.ShouldContain("s3://wide/key");
        var harmless = await JsonAsync(gateway, folder, "durability", "what-if", "--lose", Path.Combine(folder["data"], "disks", "disk1"));
        harmless.GetProperty("segments").GetProperty("belowThreshold").GetInt64().ShouldBe(1);
        (await RunAsync(gateway, folder, "durability", "what-if", "--lose", "operator:nobody")).ExitCode.ShouldBe(1);

        var policy = (await JsonAsync(gateway, folder, "placement", "show", "wide")).GetRawText();
        await File.WriteAllTextAsync(folder["policy.json"], policy);
        (await JsonAsync(gateway, folder, "placement", "set", "same", "--file", folder["policy.json"], "--refuse")).GetProperty("geometry").GetString().ShouldBe("3+3");
    }

    [Fact]
    public async Task KeyReset_WhileServing_IsRefused_AndAfterwardsMakesANewPair()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
        var refused = await Tool.RunAsync(GatewayProcess.Executable, ["key", "reset", "--data", folder["data"]]);
        refused.ExitCode.ShouldBe(2);
        refused.Error.ShouldContain("in use by another oort process");

        (await gateway.TerminateAsync()).ShouldBe(0, gateway.Log);
        (await Tool.RunAsync(GatewayProcess.Executable, ["key", "reset", "--data", folder["data"]])).ShouldSucceed().Output.ShouldContain("Access key: OORT");
    }
}
