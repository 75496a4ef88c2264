using System.Security.Cryptography;
using System.Text.Json;
using Oort.Backends.Ipfs.Tests.Support;

namespace Oort.Backends.Ipfs.Tests.UnixFs;

/// <summary>tests/vectors/ipfs: names that another implementation gave.</summary>
public sealed class VectorTests
{
    private static readonly JsonElement vectors = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", "ipfs", "unixfs_cids.json"))).RootElement;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, vectors.GetProperty("cases").GetArrayLength())];

    [Fact]
    public void Cases_AreAllThere() => Cases.Count.ShouldBe(30);

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Build_OfAVector_HasItsNameAndBlocks(int index)
    {
        var (profile, file, vector) = Case(index);
        var blocks = new Dictionary<Cid, byte[]>();
        var built = await UnixFsFile.BuildAsync(new ArraySource(file), profile, (cid, block, _) =>
        {
            blocks[cid] = block.ToArray();
            return ValueTask.CompletedTask;
        }, CancellationToken.None);

        built.Root.ToString().ShouldBe(vector.GetProperty("cid").GetString());
        built.DagSize.ShouldBe(vector.GetProperty("dag_size").GetInt64());
        blocks.Count.ShouldBe(vector.GetProperty("blocks").GetInt32());
        built.Sha256.ShouldBe(SHA256.HashData(file));
        if (vector.TryGetProperty("root_block_hex", out var hex)) Convert.ToHexStringLower(blocks[built.Root]).ShouldBe(hex.GetString());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Build_OfAChangedFile_HasAnotherName(int index)
    {
        var (profile, file, vector) = Case(index);
        var random = new Random(index);
        var changed = file.Length == 0 ? [1] : file.Flipped(random.Next(file.Length));
        foreach (var other in new[] { changed, [.. file, 0], file.Length == 0 ? [0] : file[..^1] })
        {
            var built = await UnixFsFile.BuildAsync(new ArraySource(other), profile, (_, _, _) => ValueTask.CompletedTask, CancellationToken.None);
            built.Root.ToString().ShouldNotBe(vector.GetProperty("cid").GetString());
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Read_OfAVectorWithAnyBlockDamaged_IsCorrupt(int index)
    {
        var (profile, file, vector) = Case(index);
        var (root, blocks) = NaiveUnixFs.Build(file, profile);
        Cid.TryParse(vector.GetProperty("cid").GetString(), out var cid).ShouldBeTrue();
        Convert.ToHexStringLower(cid.ToBytes()).ShouldBe(root);
        (await ReadAllAsync(cid, blocks, file.Length)).ShouldEqual(file);

        foreach (var name in blocks.Keys.ToArray())
        {
            var block = blocks[name];
            // Every byte of a node, and some of a leaf.
            for (var at = 0; at < block.Length; at += 1 + (block.Length / 200))
            {
                blocks[name] = block.Flipped(at);
                (await Should.ThrowAsync<BackendException>(() => ReadAllAsync(cid, blocks, file.Length))).Kind.ShouldBe(BackendErrorKind.Corrupt);
                if (block.Length > 20_000) break;
            }

            blocks[name] = [.. block, 0];
            (await Should.ThrowAsync<BackendException>(() => ReadAllAsync(cid, blocks, file.Length))).Kind.ShouldBe(BackendErrorKind.Corrupt);
            blocks[name] = block;
        }
    }

    private static async Task<byte[]> ReadAllAsync(Cid cid, IReadOnlyDictionary<string, byte[]> blocks, int length)
    {
        var read = new MemoryStream();
        (await UnixFsReader.ReadAsync(cid, 0, length, new MemoryBlocks(blocks), run => read.Write(run.Span), CancellationToken.None)).ShouldBe(length);
        return read.ToArray();
    }

    private static (UnixFsProfile Profile, byte[] File, JsonElement Vector) Case(int index)
    {
        var vector = vectors.GetProperty("cases")[index];
        var profile = vector.GetProperty("profile").GetString()!.Split(' ')[0] switch
        {
            "kubo-default-cidv1" => UnixFsProfile.KuboRawLeaves,
            "unixfs-v1-2025" => UnixFsProfile.V2025,
            "legacy-cidv0" => UnixFsProfile.Legacy,
            var other => throw new InvalidDataException(other),
        };
        return (profile, Bytes.Pattern(vector.GetProperty("size").GetInt32()), vector);
    }
}
