using System.Security.Cryptography;
using Oort.Backends.Ipfs.Tests.Support;

namespace Oort.Backends.Ipfs.Tests.UnixFs;

public sealed class UnixFsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Build_RandomFilesAndProfiles_IsWhatTheNaiveOneBuilds(int seed)
    {
        var random = new Random(seed);
        for (var run = 0; run < 150; run++)
        {
            var (profile, file) = Any(random);
            var built = new Dictionary<string, byte[]>();
            var order = new List<string>();
            var result = await UnixFsFile.BuildAsync(new ArraySource(file), profile, (cid, block, _) =>
            {
                order.Add(Convert.ToHexStringLower(cid.ToBytes()));
                built[order[^1]] = block.ToArray();
                return ValueTask.CompletedTask;
            }, CancellationToken.None);

            var (root, blocks) = NaiveUnixFs.Build(file, profile);
            var what = $"{file.Length} bytes in {profile}";
            Convert.ToHexStringLower(result.Root.ToBytes()).ShouldBe(root, what);
            built.Keys.Order().ShouldBe(blocks.Keys.Order(), what);
            foreach (var (name, block) in blocks) built[name].ShouldEqual(block, what);
            order[^1].ShouldBe(root, what);
            result.Sha256.ShouldBe(SHA256.HashData(file));
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Read_RandomRanges_GivesThemAndAsksForNoBlockBesides(int seed)
    {
        var random = new Random(seed);
        for (var run = 0; run < 150; run++)
        {
            var (profile, file) = Any(random);
            var (root, blocks) = NaiveUnixFs.Build(file, profile);
            var from = random.Next(file.Length + 3);
            var to = from + random.Next(file.Length + 3);
            var source = new MemoryBlocks(blocks);
            var read = new MemoryStream();
            var length = await UnixFsReader.ReadAsync(CidOf(root), from, to, source, part => read.Write(part.Span), CancellationToken.None);

            var what = $"{from}..{to} of {file.Length} bytes in {profile}";
            length.ShouldBe(file.Length, what);
            read.ToArray().ShouldEqual(file.AsSpan(Math.Min(from, file.Length)..Math.Min(to, file.Length)), what);
            var leaves = (Math.Min(to, file.Length) - Math.Min(from, file.Length)) / profile.ChunkSize;
            // On each level the nodes over the range, and at most one more at each edge.
            source.Asked.Count.ShouldBeLessThanOrEqualTo(((leaves + 2) * 2) + 16, what);
        }
    }

    [Fact]
    public async Task Build_SourceThatEndsEarly_IsCorrupt()
    {
        var building = UnixFsFile.BuildAsync(new ArraySource(new byte[100], length: 101), UnixFsProfile.V2025, (_, _, _) => ValueTask.CompletedTask, CancellationToken.None);
        (await Should.ThrowAsync<BackendException>(async () => await building)).Kind.ShouldBe(BackendErrorKind.Corrupt);
    }

    [Fact]
    public void Decode_OfANode_RefusesEveryTruncationAndAddition()
    {
        var leaf = Cid.Of(BlockCodec.Raw, [1]);
        foreach (var node in new[] { UnixFsNode.Encode([new(leaf, 200, 200), new(leaf, 7, 300)], []), UnixFsNode.Encode([], [1, 2, 3]), UnixFsNode.Encode([], []) })
        {
            UnixFsNode.TryDecode(node).ShouldNotBeNull();
            for (var length = 0; length < node.Length; length++)
            {
                // Links alone, without the data that says what they are, are no file either.
                UnixFsNode.TryDecode(node.AsMemory(0, length)).ShouldBeNull($"{length} of {node.Length} bytes");
            }

            UnixFsNode.TryDecode((byte[])[.. node, 0]).ShouldBeNull();
            UnixFsNode.TryDecode((byte[])[.. node, .. node]).ShouldBeNull();
        }
    }

    [Fact]
    public async Task Read_NodesThatDisagreeWithThemselves_IsCorrupt()
    {
        var blocks = new Dictionary<string, byte[]>();
        var leaf = Put(BlockCodec.Raw, new byte[10]);

        // Each is named by its hash, so that only what it says can be wrong.
        (string What, Cid Root)[] wrong =
        [
            ("a leaf shorter than its parent says", Node(new UnixFsLink(leaf, 11, 10))),
            ("a leaf longer than its parent says", Node(new UnixFsLink(leaf, 9, 10))),
            ("a child node that says another length", Node(new UnixFsLink(Node(new UnixFsLink(leaf, 10, 10)), 12, 20))),
            ("a child of no bytes", Put(BlockCodec.DagPb, [0x12, 0x2c, 0x0a, 0x24, .. leaf.ToBytes(), 0x12, 0, 0x18, 10, 0x0a, 6, 0x08, 2, 0x18, 0, 0x20, 0])),
            ("more children than lengths", Put(BlockCodec.DagPb, [0x12, 0x2c, 0x0a, 0x24, .. leaf.ToBytes(), 0x12, 0, 0x18, 10, 0x0a, 4, 0x08, 2, 0x18, 10])),
            ("a length that is not the sum", Put(BlockCodec.DagPb, [0x12, 0x2c, 0x0a, 0x24, .. leaf.ToBytes(), 0x12, 0, 0x18, 10, 0x0a, 6, 0x08, 2, 0x18, 11, 0x20, 10])),
            ("a directory", Put(BlockCodec.DagPb, [0x0a, 2, 0x08, 1])),
            ("nothing", Put(BlockCodec.DagPb, [])),
        ];
        foreach (var (what, root) in wrong)
        {
            var reading = UnixFsReader.ReadAsync(root, 0, 100, new MemoryBlocks(blocks), _ => { }, CancellationToken.None);
            (await Should.ThrowAsync<BackendException>(async () => await reading, what)).Kind.ShouldBe(BackendErrorKind.Corrupt, what);
        }

        // A chain deeper than any file.
        var deep = leaf;
        for (var i = 0; i < 40; i++) deep = Node(new UnixFsLink(deep, 10, 10));
        var source = new MemoryBlocks(blocks);
        (await Should.ThrowAsync<BackendException>(async () => await UnixFsReader.ReadAsync(deep, 0, 100, source, _ => { }, CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Corrupt);
        source.Asked.Count.ShouldBeLessThan(20);

        Cid Node(params UnixFsLink[] links) => Put(BlockCodec.DagPb, UnixFsNode.Encode(links, []));

        Cid Put(BlockCodec codec, byte[] block)
        {
            var cid = Cid.Of(codec, block);
            blocks[Convert.ToHexStringLower(cid.ToBytes())] = block;
            return cid;
        }
    }

    internal static Cid CidOf(string name) => Cid.TryRead(Convert.FromHexString(name), out var cid) ? cid : throw new InvalidDataException(name);

    internal static (UnixFsProfile Profile, byte[] File) Any(Random random)
    {
        var isVersion0 = random.Next(3) == 0;
        var profile = new UnixFsProfile(random.Next(1, 40), random.Next(2, 6), !isVersion0 && random.Next(2) == 0, isVersion0);
        return (profile, Bytes.Of(random.Next(700), random.Next()));
    }
}
