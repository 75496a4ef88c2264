using System.Collections.Immutable;
using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Backends.Suite;
using Oort.Checksums;
using Oort.Metadata;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Placement;

/// <summary>Policies in a running system: what is put goes where they say, large or small, and stays there.</summary>
public sealed class PolicyTests
{
    private static readonly string[] countries = ["DE", "FR", "NL", "US"];

    [Fact]
    public async Task Put_UnderAPolicy_GoesWhereItSays()
    {
        await using var cluster = NewCluster(12);
        await using var system = await cluster.OpenAsync();
        var books = await system.CreateBucketAsync("books");
        var other = await system.CreateBucketAsync("other");
        var europe = new PlacementPolicy { Name = "europe", Geometry = "3+2", Countries = new(["DE", "FR", "NL"], []), Caps = Cap(DomainKind.Country, 2) };
        await SetAsync(system, europe, new(books.Id, "books", null, "europe"));

        // Small bodies of both kinds at once share no pack.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(number => system.PutAsync(number % 2 == 0 ? books : other, $"small{number}", SystemActions.Content(number, 2_000))));
        await system.PutAsync(books, "large", SystemActions.Content(100, 700_000));
        await system.PutAsync(other, "large", SystemActions.Content(101, 700_000));

        foreach (var (bucket, policy, geometry) in new[] { (books, "europe", new Geometry(3, 2)), (other, "", new Geometry(8, 4)) })
        {
            foreach (var segment in await SegmentsAsync(system, bucket))
            {
                (segment.Policy, segment.Geometry, segment.IsFull).ShouldBe((policy, geometry, true));
                if (policy.Length == 0) continue;
                var places = segment.Shards.Select(id => CountryOf(cluster, id)).ToList();
                places.ShouldNotContain("US");
                places.GroupBy(country => country).ShouldAllBe(group => group.Count() <= 2);
            }
        }

        for (var number = 0; number < 20; number++) (await system.GetAsync(number % 2 == 0 ? "books" : "other", $"small{number}")).ShouldBe(SystemActions.Content(number, 2_000));
        (await system.GetAsync("books", "large")).ShouldBe(SystemActions.Content(100, 700_000));
    }

    [Fact]
    public async Task Put_UnderAPolicyThatNamesStores_LiesOnTheseAndOthersAvoidThem()
    {
        await using var cluster = NewCluster(8);
        await using var system = await cluster.OpenAsync();
        var slow = cluster.Stores.Take(3).Select(store => store.Id.ToString()).ToImmutableArray();
        await SetAsync(system, new() { Name = "slow", StoreFilter = new(slow, []) }, new(null, null, "STANDARD_IA", "slow"));
        await SetAsync(system, PlacementPolicy.Default with { StoreFilter = new([], slow) }, null);
        var bucket = await system.CreateBucketAsync("bucket");
        foreach (var (key, storageClass) in new[] { ("hot", "STANDARD"), ("cheap", "STANDARD_IA") })
        {
            var body = new ObjectBody(System.IO.Pipelines.PipeReader.Create(new MemoryStream(SystemActions.Content(1, 5_000))), 5_000, null, null);
            await system.Objects.PutObjectAsync(bucket, key, "root", storageClass, ObjectAttributes.Empty, body, WriteConditions.None, CancellationToken.None);
        }

        foreach (var segment in await SegmentsAsync(system, bucket))
        {
            segment.Geometry.ShouldBe(segment.Policy == "slow" ? new Geometry(2, 1) : new Geometry(3, 2));
            segment.Shards.ShouldAllBe(id => slow.Contains(id.ToString()) == (segment.Policy == "slow"));
        }

        PlacementCheck.Run(system.Stores, new() { Name = "gone", StoreFilter = new([new string('a', 32)], []) }).Unmet.ShouldContain($"There is no store {new string('a', 32)}.");
    }

    [Fact]
    public async Task Copy_ToABucketOfAnotherPolicy_IsWrittenAnew()
    {
        await using var cluster = NewCluster(8);
        await using var system = await cluster.OpenAsync();
        var (from, to) = (await system.CreateBucketAsync("from"), await system.CreateBucketAsync("to"));
        await SetAsync(system, new() { Name = "german", Geometry = "1+1", Countries = new(["DE"], []) }, new(to.Id, "to", null, "german"));
        await system.PutAsync(from, "key", SystemActions.Content(1, 5_000));
        var source = (await system.Metadata.FindVersionAsync(from.Id, "key", null, CancellationToken.None))!;

        await system.Objects.CopyObjectAsync(new(source, 0, source.Size), to, "key", "root", "STANDARD", ObjectAttributes.Empty, ChecksumAlgorithm.None, WriteConditions.None, CancellationToken.None);
        await system.Objects.CopyObjectAsync(new(source, 0, source.Size), from, "again", "root", "STANDARD", ObjectAttributes.Empty, ChecksumAlgorithm.None, WriteConditions.None, CancellationToken.None);

        var copied = (await system.Metadata.FindVersionAsync(to.Id, "key", null, CancellationToken.None))!;
        copied.ETag.ShouldBe(source.ETag);
        (await SegmentsAsync(system, to)).ShouldHaveSingleItem().Shards.ShouldAllBe(id => CountryOf(cluster, id) == "DE");
        (await system.GetAsync("to", "key")).ShouldBe(SystemActions.Content(1, 5_000));
        (await system.Metadata.FindVersionAsync(from.Id, "again", null, CancellationToken.None))!.Extents[0].Data.ShouldBe(source.Extents[0].Data);
    }

    [Fact]
    public async Task Put_PolicyThatCannotBeKept_RefusesOrDegradesAsItSays()
    {
        await using var cluster = NewCluster(8);
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        // Four countries with one shard each: of six shards two have no place.
        var policy = new PlacementPolicy { Name = "strict", Geometry = "4+2", Caps = Cap(DomainKind.Country, 1), WhenUnmet = UnmetAction.Refuse };
        await SetAsync(system, policy, new(bucket.Id, "bucket", null, "strict"));
        (await Should.ThrowAsync<ObjectUnavailableException>(() => system.PutAsync(bucket, "refused", [1]))).Message.ShouldBe("4 of 6 stores take shards now; 5 are needed.");
        (await system.GetAsync("bucket", "refused")).ShouldBeNull();

        await SetAsync(system, policy with { Geometry = "3+2" }, new(bucket.Id, "bucket", null, "strict"));
        (await system.PutAsync(bucket, "quorum", [2])).Durability.ShouldBe("quorum");
        // Repair does not break what the policy forbids.
        await system.DrainRepairsAsync();
        (await SegmentsAsync(system, bucket)).ShouldHaveSingleItem().Shards.Count(id => id == StoreId.None).ShouldBe(1);
        system.GetStatus().Warnings.ShouldContain(warning => warning.Contains("strict") && warning.Contains("Caps"));

        await SetAsync(system, policy with { WhenUnmet = UnmetAction.Degrade }, new(bucket.Id, "bucket", null, "strict"));
        (await system.PutAsync(bucket, "degraded", [3])).Durability.ShouldBe("full");
        system.GetStatus().Placement.Single(one => one.Policy == "strict").Short.ShouldBe(1);
        await system.DrainRepairsAsync();
        (await SegmentsAsync(system, bucket)).ShouldAllBe(segment => segment.IsFull);
    }

    [Fact]
    public async Task Start_PoliciesWereSet_HoldAgain()
    {
        await using var cluster = NewCluster(8);
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            await SetAsync(system, new() { Name = "german", Geometry = "1+1", Countries = new(["DE"], []) }, new(bucket.Id, "bucket", "STANDARD", "german"));
        }

        await using var again = await cluster.OpenAsync();
        again.Stores.Placement.Document.Revision.ShouldBe(1);
        var same = (await again.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        await again.PutAsync(same, "key", [1]);
        (await SegmentsAsync(again, same)).ShouldHaveSingleItem().Policy.ShouldBe("german");
    }

    [Fact]
    public async Task Start_PoliciesOfANewerProgram_AreToldAndTheDefaultHolds()
    {
        await using var cluster = NewCluster(6);
        await using (var system = await cluster.OpenAsync()) await system.Metadata.PutSettingAsync(PlacementDocument.SettingName, [PlacementDocument.NetworksVersion + 1, 0x7b, 0x7d], CancellationToken.None);
        await using var again = await cluster.OpenAsync();
        again.GetStatus().Warnings.ShouldContain(warning => warning.Contains("newer version"));
        var bucket = await again.CreateBucketAsync("bucket");
        (await again.PutAsync(bucket, "key", [1])).Durability.ShouldBe("full");
        await Should.ThrowAsync<PlacementPolicyException>(async () => await SetAsync(again, new() { Name = "a" }, null));
    }

    [Fact]
    public async Task Remove_AssignedPolicy_IsRefused()
    {
        await using var cluster = NewCluster(6);
        await using var system = await cluster.OpenAsync();
        await SetAsync(system, new() { Name = "a" }, new(null, null, "GLACIER", "a"));
        var book = system.Stores.Placement;
        (await Should.ThrowAsync<PlacementPolicyException>(async () => await book.ChangeAsync(system.Metadata, document => document with { Policies = document.Policies.Remove("a") }, CancellationToken.None))).Message.ShouldBe("There is no placement policy a.");
        book.Document.Policies.Keys.ShouldBe(["a"]);
    }

    [Fact]
    public async Task Repair_LazyPolicy_WaitsUntilItsThreshold()
    {
        await using var cluster = NewCluster(12);
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await SetAsync(system, new() { Name = "lazy", Geometry = "2+4", RepairBelow = 4 }, new(bucket.Id, "bucket", null, "lazy"));
        await system.PutAsync(bucket, "key", [1]);
        var row = (await SegmentsAsync(system, bucket))[0];
        async Task LoseAsync(int shard)
        {
            row = (await SegmentsAsync(system, bucket))[0];
            (await system.Metadata.MoveSegmentAsync(row.Id, row.PlacementGeneration, row.Shards.SetItem(shard, StoreId.None), CancellationToken.None)).ShouldBe(CommitOutcome.Done);
            await system.DrainRepairsAsync();
            row = (await SegmentsAsync(system, bucket))[0];
        }

        await LoseAsync(0);
        row.IsFull.ShouldBeFalse();
        await LoseAsync(3);
        row.IsFull.ShouldBeTrue();
    }

    internal static TestCluster NewCluster(int count)
    {
        var cluster = new TestCluster(0);
        for (var number = 0; number < count; number++) cluster.Stores.Add(NewStore(number, countries[number % countries.Length]));
        return cluster;
    }

    internal static FlakyStore NewStore(int number, string country, long capacity = 256L * 1024 * 1024) => new(new MemoryStore(
        new StoreId((UInt128)number + 100),
        new() { CapacityBytes = capacity, Traits = new() { Kind = "node", Operator = $"operator{number}", Machine = $"machine{number}", Device = $"device{number}", Country = country } }));

    internal static async Task SetAsync(ObjectSystem system, PlacementPolicy policy, PolicyAssignment? assignment) => await system.Stores.Placement.ChangeAsync(
        system.Metadata,
        document => document with
        {
            Policies = document.Policies.SetItem(policy.Name, policy),
            Assignments = assignment is null || document.Assignments.Contains(assignment) ? document.Assignments : document.Assignments.Add(assignment),
        },
        CancellationToken.None);

    internal static ImmutableSortedDictionary<DomainKind, int> Cap(DomainKind kind, int cap) => ImmutableSortedDictionary<DomainKind, int>.Empty.Add(kind, cap);

    internal static async Task<List<SegmentRow>> SegmentsAsync(ObjectSystem system, BucketRow bucket)
    {
        var segments = new Dictionary<SegmentId, SegmentRow>();
        var page = await system.Metadata.ListObjectsAsync(new(bucket.Id, "", "", "", 1_000), CancellationToken.None);
        foreach (var item in page.Objects)
        {
            var version = (await system.Metadata.FindVersionAsync(bucket.Id, item.Key, null, CancellationToken.None))!;
            foreach (var segment in (await system.Objects.LocateAsync(version, CancellationToken.None)).SelectMany(location => location.Segments.Values)) segments[segment.Id] = segment;
        }

        return [.. segments.Values];
    }

    private static string CountryOf(TestCluster cluster, StoreId id) => cluster.Stores.Single(store => store.Id == id).Traits.Country;
}
