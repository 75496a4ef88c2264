using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Tiering;

namespace Oort.Benchmarks.Lifecycle;

/// <summary>`Oort.Benchmarks lifecycle`: a day on which 1,000 keys are due, in a bucket of many keys and in one of few; and pages of versions at both ends of the large one.</summary>
/// <remarks>In one process, on a clock that is turned: the metadata are on disk, the stores in memory, the objects empty. Processor time is that of the whole process.</remarks>
internal static class LifecycleBenchmark
{
    private const int SmallCount = 10_000;
    private const int DueCount = 1_000;
    private const int RoundCount = 7;
    private const int PageRounds = 201;
    private const int Days = 30;

    /// <returns>0, or 2 when the arguments cannot be understood.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var count = 1_000_000;
        if (args is ["--objects", var text] && int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= SmallCount) count = number;
        else if (args.Length > 0)
        {
            Console.Error.WriteLine($"lifecycle takes --objects N, {SmallCount} or more.");
            return 2;
        }

        var directory = Directory.CreateTempSubdirectory("oort-lifecycle-");
        try
        {
            await MeasureAsync(directory.FullName, count);
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return 0;
    }

    private static async Task MeasureAsync(string directory, int count)
    {
        var time = new TurnedTime();
        var stores = Enumerable.Range(1, 6).Select(index => new OpenStoreEndpoint(new MemoryStore(new StoreId((UInt128)index)))).ToArray();
        using var root = new RootKey(new byte[32]);
        await using var system = await ObjectSystem.OpenAsync(new() { DataDirectory = directory, RunWorkers = false }, stores, root, time, NullLoggerFactory.Instance, CancellationToken.None);
        var (small, large) = (await CreateAsync(system, "small"), await CreateAsync(system, "large"));

        // What falls due on one day each, then all the rest, which does not.
        for (var round = 0; round < RoundCount; round++)
        {
            foreach (var bucket in (BucketRow[])[small, large]) await PutAsync(system, bucket, DueCount, index => $"{Spread(index):x8}-{round}");
            time.Turn(TimeSpan.FromDays(1));
        }

        var begun = Stopwatch.GetTimestamp();
        await PutAsync(system, small, SmallCount - DueCount * RoundCount, index => $"{Spread(index):x8}");
        await PutAsync(system, large, count - DueCount * RoundCount, index => $"{Spread(index):x8}");
        Print($"{count:N0} and {SmallCount:N0} keys written in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s");
        await PagesAsync(system, large);

        var (costsSmall, costsLarge) = (new List<double>(), new List<double>());
        time.Turn(TimeSpan.FromDays(Days - RoundCount));
        for (var round = 0; round < RoundCount; round++)
        {
            time.Turn(TimeSpan.FromDays(1));
            await DayAsync(system, small, costsSmall);
            await DayAsync(system, large, costsLarge);
        }

        // The first day is that of a program that starts.
        Print($"processor time of a day with {DueCount:N0} keys due: {Middle(costsSmall):0.0} ms in the bucket of {SmallCount:N0}, {Middle(costsLarge):0.0} ms in that of {count:N0}: {Middle(costsLarge) / Middle(costsSmall):0.00} times (middle of {RoundCount - 1} days)");
    }

    /// <summary>One day of one bucket, with the other one's rules taken away meanwhile.</summary>
    private static async Task DayAsync(ObjectSystem system, BucketRow bucket, List<double> costs)
    {
        var rule = new LifecycleRule("old", true, new(FilterForm.Single), [], [], Expiration: new(Days));
        await SetAsync(system, bucket, new(SmallObjects.Stay, [rule]));
        var (looked, ended) = (system.Tiering.Status.Looked, system.Tiering.Status.Ended);
        GC.Collect();
        var before = Environment.CpuUsage.TotalTime;
        await system.StepTieringAsync();
        var cost = (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
        await SetAsync(system, bucket, null);
        if (system.Tiering.Status.Ended - ended != DueCount) throw new InvalidOperationException($"{system.Tiering.Status.Ended - ended} keys ended, not {DueCount}.");
        Print($"  {bucket.Name}: {system.Tiering.Status.Looked - looked:N0} rows looked at, {DueCount:N0} ended, {cost:0.0} ms");
        costs.Add(cost);
    }

    private static async Task PagesAsync(ObjectSystem system, BucketRow bucket)
    {
        var (first, last) = (new List<double>(), new List<double>());
        for (var round = 0; round < PageRounds; round++)
        {
            await PageAsync("0", first);
            await PageAsync("f", last);
        }

        Print($"a page of 1,000 versions: {Middle(first):0.00} ms at the start, {Middle(last):0.00} ms at the end: {Middle(last) / Middle(first):0.00} times (middle of {PageRounds - 1} in turn)");

        async Task PageAsync(string after, List<double> times)
        {
            var begun = Stopwatch.GetTimestamp();
            var page = await system.Metadata.ListVersionsAsync(new(bucket.Id, "", "", after, null, 1_000), CancellationToken.None);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            if (page.Versions.Length != 1_000) throw new InvalidOperationException("The page is not full.");
        }
    }

    private static async Task<BucketRow> CreateAsync(ObjectSystem system, string name) =>
        (await system.Metadata.CreateBucketAsync(new() { Id = default, Name = name, OwnerId = "owner", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" }, CancellationToken.None)).Bucket!;

    private static async Task SetAsync(ObjectSystem system, BucketRow bucket, LifecycleDocument? lifecycle) => await system.Metadata.UpdateBucketAsync(
        bucket.Id, row => row with { Settings = lifecycle is null ? row.Settings.Remove(LifecycleDocument.SettingName) : row.Settings.SetItem(LifecycleDocument.SettingName, [.. lifecycle.Encode()]) }, CancellationToken.None);

    private static Task PutAsync(ObjectSystem system, BucketRow bucket, int count, Func<int, string> key) =>
        Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (index, stop) =>
        {
            var put = new PutVersion(bucket.Id, key(index), "owner", 0, "d41d8cd98f00b204e9800998ecf8427e", "STANDARD", ObjectAttributes.Empty, [], NewData.None, WriteConditions.None);
            if ((await system.Metadata.PutVersionAsync(put, stop)).Outcome != CommitOutcome.Done) throw new InvalidOperationException("A put was refused.");
        });

    /// <summary>Keys in an order that is not that of their times.</summary>
    private static uint Spread(int index) => (uint)index * 2_654_435_761;

    /// <summary>The middle of all but the first.</summary>
    private static double Middle(List<double> values) => values.Skip(1).Order().ElementAt((values.Count - 1) / 2);

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private sealed class TurnedTime : TimeProvider
    {
        private long ticks;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref ticks));

        public void Turn(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);
    }
}
