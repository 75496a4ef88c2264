using System.Security.Cryptography;
using Oort.Backends.Arweave.Tests.Support;
using Oort.Backends.Arweave.Trees;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Trees;

public sealed class DataTreeTests
{
    public static TheoryData<int> Sizes => [.. Vectors.Read("merkle").GetProperty("cases").EnumerateArray().Select(one => one.GetProperty("size").GetInt32())];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Tree_OfVector_HasItsRootChunksAndPaths(int size)
    {
        var vector = Vectors.Read("merkle").GetProperty("cases").EnumerateArray().Single(one => one.GetProperty("size").GetInt32() == size);
        var data = Vectors.Pattern(size);
        var tree = Of(data);

        tree.Root.ToArray().ShouldBe(vector.Base64("data_root"));
        var chunks = vector.GetProperty("chunks").EnumerateArray().Where(chunk => chunk.GetProperty("max").GetInt32() > chunk.GetProperty("min").GetInt32()).ToList();
        tree.Chunks.Length.ShouldBe(chunks.Count);
        for (var i = 0; i < chunks.Count; i++)
        {
            tree.Chunks[i].ShouldBe(new(chunks[i].GetProperty("min").GetInt32(), chunks[i].GetProperty("max").GetInt32()));
            (tree.Chunks[i].End - 1).ShouldBe(chunks[i].GetProperty("offset").GetInt32());
            var path = tree.PathOf(i);
            path.ShouldBe(chunks[i].Base64("data_path"));
            foreach (var offset in (long[])[tree.Chunks[i].Start, tree.Chunks[i].End - 1])
            {
                var proven = DataPath.Check(tree.Root.Span, size, offset, path).ShouldNotBeNull();
                proven.Range.ShouldBe(tree.Chunks[i]);
                proven.DataHash.ShouldBe(chunks[i].Base64("data_hash"));
            }
        }
    }

    [Fact]
    public void Path_Changed_LeadsNowhere()
    {
        const int size = 5 * DataChunks.SizeMax + 1000;
        var tree = Of(Vectors.Pattern(size));
        for (var chunk = 0; chunk < tree.Chunks.Length; chunk++)
        {
            var range = tree.Chunks[chunk];
            var path = tree.PathOf(chunk);
            for (var i = 0; i < path.Length; i++)
            {
                path[i] ^= 0x10;
                DataPath.Check(tree.Root.Span, size, range.Start, path).ShouldBeNull($"byte {i}");
                path[i] ^= 0x10;
            }

            for (var length = 0; length < path.Length; length++) DataPath.Check(tree.Root.Span, size, range.Start, path.AsSpan(0, length)).ShouldBeNull($"{length} bytes");
            DataPath.Check(tree.Root.Span, size, range.Start, [.. path, 0]).ShouldBeNull();
            // Only the last chunk's path says how long the data is.
            (DataPath.Check(tree.Root.Span, size - 1, range.Start, path) is null).ShouldBe(chunk == tree.Chunks.Length - 1);
        }
    }

    [Fact]
    public void Path_ForAnotherByte_LeadsNowhere()
    {
        const int size = 3 * DataChunks.SizeMax;
        var tree = Of(Vectors.Pattern(size));
        for (var chunk = 0; chunk < 3; chunk++)
        {
            for (var other = 0; other < 3; other++) (DataPath.Check(tree.Root.Span, size, tree.Chunks[other].Start, tree.PathOf(chunk)) is not null).ShouldBe(other == chunk);
            foreach (var outside in (long[])[-1, size, long.MaxValue]) DataPath.Check(tree.Root.Span, size, outside, tree.PathOf(chunk)).ShouldBeNull();
        }

        // The empty leaf behind a whole number of chunks is not sent, and proves no byte.
        tree.Chunks[^1].ShouldBe(new(2 * DataChunks.SizeMax, size));
    }

    [Fact]
    public void Tree_OfAsManyHashesAsItHasNoChunks_IsRefused() => Should.Throw<ArgumentException>(() => new DataTree(DataChunks.SizeMax + 1, [new byte[32]]));

    internal static DataTree Of(byte[] data) => new(data.Length, [.. DataChunks.Of(data.Length).Select(range => SHA256.HashData(data.AsSpan((int)range.Start, range.Length)))]);
}
