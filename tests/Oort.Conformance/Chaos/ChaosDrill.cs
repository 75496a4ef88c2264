using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Conformance.Drills;
using Oort.Conformance.Harness;
using Oort.Conformance.Nodes;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Chaos;

/// <summary>Gateways, nodes, links and database of a cluster of real processes fail at random under load; when all is mended, nothing that was acknowledged is missing.</summary>
/// <remarks>OORT_CHAOS_SECONDS makes it longer, OORT_CHAOS_SEED repeats its choices, OORT_CHAOS_NODES takes 8 to 10 nodes.</remarks>
public sealed class ChaosDrill
{
    private const int SecondsDefault = 20;
    private const int NodesDefault = 8;
    private const int AcknowledgedMin = 60;
    private const int ToolPutsMin = 3;

    /// <summary>A busy machine needs longer for as many writes.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Cluster_WhoseEveryPartFailsAtRandom_LosesNothingThatWasAcknowledged()
    {
        var seed = Option("SEED", Environment.TickCount & 0xffff);
        TestContext.Current.TestOutputHelper!.WriteLine($"OORT_CHAOS_SEED={seed}");
        await using var cluster = await ChaosCluster.StartAsync(Option("NODES", NodesDefault));
        using (var client = S3Clients.WithoutRetries(cluster.Gateways[0].Url)) await client.PutBucketAsync(Load.Bucket);

        // 1. Faults under load, until there were enough of both.
        var (load, faults) = (new Load(cluster, seed), new Faults(cluster, seed));
        using var stop = new CancellationTokenSource();
        var (loading, failing) = (load.RunAsync(stop.Token), faults.RunAsync(stop.Token));
        var begun = TimeProvider.System.GetTimestamp();
        var seconds = Option("SECONDS", SecondsDefault);
        while (TimeProvider.System.GetElapsedTime(begun) is var elapsed && (elapsed.TotalSeconds < seconds || !faults.IsDeckDealt || load.Expected.AcknowledgedCount < AcknowledgedMin || load.ToolPuts < ToolPutsMin))
        {
            if (loading.IsFaulted || failing.IsFaulted || elapsed > s_patience + TimeSpan.FromSeconds(seconds)) break;
            await Task.Delay(200);
        }

        await stop.CancelAsync();
        await failing;
        await loading;
        TestContext.Current.TestOutputHelper.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{load.Expected.AcknowledgedCount} acknowledged, {load.Expected.UndecidedCount} keys undecided, {load.ToolPuts} by outside clients"));
        load.Wrong.ShouldBeEmpty(Logs(cluster, seed));
        faults.IsDeckDealt.ShouldBeTrue();
        load.Expected.AcknowledgedCount.ShouldBeGreaterThanOrEqualTo(AcknowledgedMin, Logs(cluster, seed));
        load.ToolPuts.ShouldBeGreaterThanOrEqualTo(ToolPutsMin, Logs(cluster, seed));

        // 2. Everything is mended: redundancy is back, and both gateways show the same.
        await cluster.HealAsync();
        await cluster.UntilWholeAsync();
        var found = await CheckAsync(cluster, load.Expected, seed);
        (await cluster.Members(0).RunAsync("fsck", "--json")).ShouldSucceed();

        // 3. Redundancy is what it says: two nodes go, and all is read.
        await cluster.Nodes[seed % cluster.Nodes.Count].KillAsync();
        await cluster.Nodes[(seed + 1) % cluster.Nodes.Count].KillAsync();
        (await CheckAsync(cluster, load.Expected, seed)).ShouldBe(found);
    }

    /// <summary>Reads every key at both gateways. Result: what is there, by key.</summary>
    private static async Task<SortedDictionary<string, string>> CheckAsync(ChaosCluster cluster, Expectations expected, int seed)
    {
        var views = new List<SortedDictionary<string, string>>();
        foreach (var gateway in cluster.Gateways)
        {
            using var client = S3Clients.Default(gateway.Url);
            var view = new SortedDictionary<string, string>(StringComparer.Ordinal);
            await Parallel.ForEachAsync(expected.All, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (one, _) =>
            {
                var digest = await World.DigestAsync(client, Load.Bucket, one.Key);
                if (!one.Allowed.Contains(digest)) throw new ShouldAssertException($"{one.Key} at {gateway.Url} is {digest ?? "not there"}, not {string.Join(" or ", one.Allowed.Select(allowed => allowed ?? "nothing"))}. {Logs(cluster, seed)}");
                if (digest is null) return;
                lock (view) view.Add(one.Key, digest);
            });
            (await ListAsync(client)).SequenceEqual(view.Keys, StringComparer.Ordinal).ShouldBeTrue($"listing of {gateway.Url}");
            views.Add(view);
        }

        views[1].ShouldBe(views[0]);
        return views[0];
    }

    private static async Task<List<string>> ListAsync(AmazonS3Client client)
    {
        var keys = new List<string>();
        var request = new ListObjectsV2Request { BucketName = Load.Bucket };
        while (true)
        {
            var page = await client.ListObjectsV2Async(request);
            keys.AddRange((page.S3Objects ?? []).Select(one => one.Key));
            if (page.IsTruncated is not true) return keys;
            request.ContinuationToken = page.NextContinuationToken;
        }
    }

    private static string Logs(ChaosCluster cluster, int seed) => $"OORT_CHAOS_SEED={seed}\n" + string.Join("\n\n", cluster.Gateways.Select(gateway => gateway.Process?.Log is { } log ? log[^Math.Min(log.Length, 8000)..] : ""));

    private static int Option(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable("OORT_CHAOS_" + name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
