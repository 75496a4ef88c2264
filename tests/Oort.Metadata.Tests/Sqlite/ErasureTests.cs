using System.Security.Cryptography;
using Oort.Metadata.Sqlite;

namespace Oort.Metadata.Tests.Sqlite;

public sealed class ErasureTests : IDisposable
{
    private readonly TempDirectory directory = new();

    public void Dispose() => directory.Dispose();

    /// <summary>Rows go in and out in no order, so that pages split, merge and are moved about: what was moved must not stay where it was.</summary>
    [Fact]
    public async Task EraseRemains_ManyRowsPutAndDeletedInDisorder_LeavesNoDeletedKeyInAnyFile()
    {
        const int count = 6_000;
        await using var store = SqliteMetadataStore.Open(new() { Path = directory.File("metadata.db") }, TimeProvider.System);
        await store.StartAsync(new MemoryJournal(), 0);
        var epoch = await store.OpenEpochAsync("gateway", default);
        var bucket = await new TestObjects(store, epoch).CreateBucketAsync("bucket");
        var random = new Random(5);
        var keys = new Dictionary<int, byte[]>();
        async Task Put(int number)
        {
            keys[number] = RandomNumberGenerator.GetBytes(60);
            var segment = new SegmentRow { Id = new(epoch, (ulong)number + 1), Geometry = new(1, 0), PayloadLength = 26, Shards = [new StoreId(1)] };
            // Ids in no order: rows come between others.
            var data = new DataRow { Id = DataId.Read(RandomNumberGenerator.GetBytes(DataId.Size)), Length = 10, KeyVersion = 1, WrappedKey = [.. keys[number]], Runs = [new(segment.Id, 0, 26)] };
            (await store.PutVersionAsync(
                new(bucket, $"{number:d6}", "o", 10, "e", "STANDARD", ObjectAttributes.Empty, [new(data.Id, 0, 10, 0, [])], new(epoch, [segment], [data]), WriteConditions.None), default)).Outcome.ShouldBe(CommitOutcome.Done);
        }

        foreach (var chunk in Enumerable.Range(0, count).Chunk(100)) await Task.WhenAll(chunk.Select(Put));
        var gone = Enumerable.Range(0, count).OrderBy(_ => random.Next()).Take(count * 2 / 3).ToArray();
        foreach (var chunk in gone.Chunk(100)) await store.DeleteVersionsAsync([.. chunk.Select(number => new DeleteVersion(bucket, $"{number:d6}", "o", null, WriteConditions.None))], default);
        (await store.EraseRemainsAsync(default)).ShouldBeTrue();

        var found = new HashSet<string>();
        foreach (var file in Directory.GetFiles(directory.Path)) Collect(await ReadAsync(file), found);
        var left = keys.Where(pair => found.Contains(Convert.ToHexString(pair.Value.AsSpan(0, 8)))).Select(pair => pair.Key).ToHashSet();
        left.Count.ShouldBeGreaterThanOrEqualTo(count - gone.Length, "Those that live are there.");
        gone.Count(left.Contains).ShouldBe(0);

        void Collect(byte[] bytes, HashSet<string> into)
        {
            var starts = keys.Values.Select(key => BitConverter.ToUInt64(key)).ToHashSet();
            for (var i = 0; i + 8 <= bytes.Length; i++)
                if (starts.Contains(BitConverter.ToUInt64(bytes, i))) into.Add(Convert.ToHexString(bytes.AsSpan(i, 8)));
        }
    }

    private static async Task<byte[]> ReadAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes);
        return bytes;
    }
}
