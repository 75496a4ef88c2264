using Oort.Metadata;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

/// <summary>Random commands on a clock that is turned, against rules that are worked out anew from a listing of everything: what the index passes over, they do not.</summary>
public sealed class LifecycleModelTests
{
    private static readonly string[] keys = ["a", "a/1", "b", "b/2"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Lifecycle_AnyCommandsAndDays_EndsWhatTheRulesSay(int seed)
    {
        var random = new Random(seed);
        await using var world = await TieringWorld.StartAsync();
        var run = new Run(world, random);
        await run.SetRulesAsync();
        for (var step = 0; step < 80; step++)
        {
            for (var count = random.Next(6); count > 0; count--) await run.CommandAsync();
            world.Time.Advance(random.Next(3) == 0 ? TimeSpan.FromHours(1 + random.Next(20)) : TimeSpan.FromDays(1 + random.Next(4)));
            await run.StepAsync($"seed {seed}, step {step}");
            if (step % 20 == 19) await world.RestartAsync();
        }

        run.Ended.ShouldBeGreaterThan(20, "The rules had something to do.");
        (await world.System.Metadata.CheckAsync(10, default)).ShouldBeEmpty();
    }

    private sealed class Run(TieringWorld world, Random random)
    {
        private LifecycleRule[] rules = [];

        public int Ended { get; private set; }

        private IMetadataStore Metadata => world.System.Metadata;

        private BucketId Bucket => world.Bucket.Id;

        public async Task CommandAsync()
        {
            var key = keys[random.Next(keys.Length)];
            switch (random.Next(40))
            {
                case < 16:
                    var put = await Metadata.PutVersionAsync(new(Bucket, key, "root", 0, "d41d8cd98f00b204e9800998ecf8427e", "STANDARD", Tags(random.Next(3) == 0), [], NewData.None, WriteConditions.None), default);
                    put.Outcome.ShouldBe(CommitOutcome.Done);
                    break;
                case < 20:
                    await Metadata.DeleteVersionAsync(new(Bucket, key, "root", null, WriteConditions.None), default);
                    break;
                case < 24:
                    if (await AnyVersionAsync() is { } gone) await Metadata.DeleteVersionAsync(new(Bucket, gone.Key, "root", gone.IdText, WriteConditions.None), default);
                    break;
                case < 35:
                    var isTagged = random.Next(2) == 0;
                    if (await AnyVersionAsync() is { IsDeleteMarker: false } changed) await Metadata.UpdateVersionAsync(Bucket, changed.Key, changed.IdText, row => row with { Attributes = Tags(isTagged) }, default);
                    break;
                case 35:
                    await Metadata.UpdateBucketAsync(Bucket, row => row with { Versioning = random.Next(3) == 0 ? VersioningState.Suspended : VersioningState.Enabled }, default);
                    break;
                case < 39:
                    var now = DateTimeOffset.FromUnixTimeMilliseconds(world.Time.GetUtcNow().ToUnixTimeMilliseconds());
                    await Metadata.CreateUploadAsync(new() { Bucket = Bucket, Key = key, Id = UploadId.Create(now), Initiated = now, OwnerId = "root" }, default);
                    break;
                default:
                    await SetRulesAsync();
                    break;
            }
        }

        public async Task SetRulesAsync()
        {
            rules = [.. Enumerable.Range(0, 1 + random.Next(3)).Select(AnyRule)];
            await world.SetLifecycleAsync(rules);
        }

        /// <summary>Lets the rules do their work. What must end at the latest by now has ended, and nothing that need not have ended at the earliest.</summary>
        public async Task StepAsync(string where)
        {
            var today = Floor(world.Time.GetUtcNow());
            var versioning = (await Metadata.FindBucketAsync("bucket", default))!.Versioning;
            var before = (await VersionsAsync()).Select(row => new Entry(row)).ToList();
            var uploads = await UploadsAsync();
            var (latest, earliest) = (Left(before, today, today, versioning), Left(before, today, DateTimeOffset.MaxValue, versioning));
            foreach (var key in before.GroupBy(entry => entry.Row.Key)) Arrange([.. key], today);
            var covered = before.Where(entry => versioning != VersioningState.Unversioned && entry.IsCurrent && !entry.Row.IsDeleteMarker && IsDue(entry, today, today)).Select(entry => entry.Row.Key).ToList();
            await world.System.StepTieringAsync();
            var after = await VersionsAsync();

            var left = after.Where(row => before.Exists(entry => entry.Row.Id == row.Id)).Select(row => row.Id.Generation).ToHashSet();
            left.IsSubsetOf(latest.Select(entry => entry.Row.Id.Generation)).ShouldBeTrue($"Something stayed: {where}: {Show(after)} and not {Show(latest.Select(entry => entry.Row))}");
            earliest.Select(entry => entry.Row.Id.Generation).Where(generation => generation != ulong.MaxValue).ToHashSet().IsSubsetOf(left).ShouldBeTrue($"Something went too early: {where}: {Show(after)} and not {Show(earliest.Select(entry => entry.Row))}");
            Ended += before.Count - left.Count;

            // A current version that ends in a versioned bucket has a marker on top now.
            foreach (var key in covered) (after.FirstOrDefault(row => row.Key == key)?.IsDeleteMarker).ShouldNotBe(false, $"{key} is not under a marker: {where}");
            (await UploadsAsync()).ShouldBe(uploads.Where(upload => !rules.Any(rule => rule.IsEnabled && rule.AbortUploadsAfterDays is { } days && upload.Key.StartsWith(rule.Filter.Prefix ?? "", StringComparison.Ordinal) && Ceiling(upload.Initiated.AddDays(days)) <= today)), where);
        }

        /// <summary>What is left of versions when the rules have been applied until nothing more changes.</summary>
        /// <param name="seen">Versions that came after this are not seen: neither to have replaced others, nor to be alone, nor by dates.</param>
        private List<Entry> Left(List<Entry> entries, DateTimeOffset today, DateTimeOffset seen, VersioningState versioning)
        {
            for (var left = entries.Where(_ => true).ToList(); ;)
            {
                foreach (var key in left.GroupBy(entry => entry.Row.Key)) Arrange([.. key.OrderByDescending(entry => entry.Row.Id.Generation)], seen);
                var covered = left.Where(entry => versioning != VersioningState.Unversioned && entry.IsCurrent && !entry.Row.IsDeleteMarker && IsDue(entry, today, seen)).ToList();
                var next = left.Where(entry => covered.Contains(entry) || !IsDue(entry, today, seen)).ToList();
                // The marker that comes on top takes the place of a null version, and makes the one below it noncurrent.
                foreach (var entry in covered)
                {
                    if (versioning == VersioningState.Suspended) next.RemoveAll(other => other.Row.Key == entry.Row.Key && other.Row.IsNull);
                    next.Add(new(entry.Row with { Id = new(ulong.MaxValue, 0), IsDeleteMarker = true, LastModified = world.Time.GetUtcNow() }));
                }

                if (next.Count == left.Count && next.TrueForAll(left.Contains)) return left;
                left = next;
            }
        }

        private static void Arrange(Entry[] versions, DateTimeOffset seen)
        {
            for (var index = 0; index < versions.Length; index++)
            {
                var entry = versions[index];
                entry.IsCurrent = index == 0;
                entry.IsAlone = versions.Length == 1 && entry.Row.LastModified <= seen;
                entry.Replaced = index == 0 ? null : versions[index - 1].Row.LastModified;
                entry.Newer = versions.Take(index).Skip(1).Count(other => !other.Row.IsDeleteMarker && other.Replaced <= seen);
            }
        }

        private bool IsDue(Entry entry, DateTimeOffset today, DateTimeOffset seen)
        {
            foreach (var rule in rules.Where(rule => rule.IsEnabled && Takes(rule.Filter, entry.Row)))
            {
                if (entry.Replaced is { } replaced)
                {
                    if (rule.NoncurrentExpiration is { } noncurrent && entry.Newer >= (noncurrent.NewerVersions ?? 0) && Ceiling(replaced.AddDays(noncurrent.Days)) <= today) return true;
                }
                else if (rule.Expiration is { } expiration && (!entry.Row.IsDeleteMarker || entry.IsAlone))
                {
                    if (expiration.Days is { } days && Ceiling(entry.Row.LastModified.AddDays(days)) <= today) return true;
                    if (expiration.Date is { } date && date.ToDateTime(TimeOnly.MinValue) <= today.UtcDateTime && entry.Row.LastModified <= seen) return true;
                    if (expiration.ExpiredMarkers == true && entry.Row.IsDeleteMarker) return true;
                }
            }

            return false;
        }

        private static bool Takes(LifecycleFilter filter, VersionRow row) =>
            row.Key.StartsWith(filter.Prefix ?? "", StringComparison.Ordinal) && (filter.Tags.IsEmpty || (!row.IsDeleteMarker && StoredTags.Of(row.Attributes).Length > 0));

        private LifecycleRule AnyRule(int index)
        {
            var filter = random.Next(3) switch { 0 => new LifecycleFilter(FilterForm.Single), 1 => new(FilterForm.Single, keys[random.Next(keys.Length)][..1]), _ => new(FilterForm.Single, Tags: [new("temp", "1")]) };
            var rule = new LifecycleRule($"{index}", random.Next(8) > 0, filter, [], []);
            return random.Next(6) switch
            {
                0 => rule with { Expiration = new(Date: DateOnly.FromDateTime(world.Time.GetUtcNow().AddDays(random.Next(6) - 2).UtcDateTime)) },
                1 => rule with { NoncurrentExpiration = new(1 + random.Next(3)) },
                2 => rule with { NoncurrentExpiration = new(1 + random.Next(3), 1 + random.Next(3)) },
                3 when filter.Tags.IsEmpty => rule with { Expiration = new(ExpiredMarkers: true), NoncurrentExpiration = new(1 + random.Next(5)) },
                4 when filter.Tags.IsEmpty => rule with { AbortUploadsAfterDays = 1 + random.Next(4) },
                _ => rule with { Expiration = new(1 + random.Next(6)) },
            };
        }

        private static ObjectAttributes Tags(bool isTagged) => StoredTags.Set(ObjectAttributes.Empty, isTagged ? [("temp", "1")] : []);

        private async Task<VersionRow?> AnyVersionAsync() => await VersionsAsync() is { Length: > 0 } versions ? versions[random.Next(versions.Length)] : null;

        private async Task<VersionRow[]> VersionsAsync() => [.. (await Metadata.ListVersionsAsync(new(Bucket, "", "", "", null, 1_000), default)).Versions];

        private async Task<(string Key, UploadId Id, DateTimeOffset Initiated)[]> UploadsAsync() =>
            [.. (await Metadata.ListUploadsAsync(new(Bucket, "", "", "", null, 1_000), default)).Uploads.Select(upload => (upload.Key, upload.Id, upload.Initiated))];

        private static DateTimeOffset Floor(DateTimeOffset time) => new(time.UtcDateTime.Date, TimeSpan.Zero);

        private static DateTimeOffset Ceiling(DateTimeOffset time) => Floor(time) == time ? time : Floor(time).AddDays(1);

        private static string Show(IEnumerable<VersionRow> rows) => string.Join(", ", rows.Select(row => $"{row.Key}:{row.Id.Generation}{(row.IsDeleteMarker ? "m" : "")}@{row.LastModified:MM-dd HH}"));
    }

    /// <summary>A version, and what the rules go by.</summary>
    private sealed class Entry(VersionRow row)
    {
        public VersionRow Row => row;

        public bool IsCurrent { get; set; } = row.IsLatest;

        public bool IsAlone { get; set; }

        public DateTimeOffset? Replaced { get; set; }

        public int Newer { get; set; }
    }
}
