using System.Security.Cryptography;
using Shouldly;
using Xunit;

namespace Oort.Node.Protocol.Tests;

/// <summary>Tree, running root and paths against the definition of RFC 9162 §2.1, written down once more and naively.</summary>
public sealed class MerkleTreeTests
{
    public static TheoryData<int> Lengths => [0, 1, 1023, 1024, 1025, 2048, 3072, 3073, 5 * 1024, 7 * 1024, 8 * 1024, 8 * 1024 + 1, 13 * 1024 + 7, 64 * 1024, 100_000];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Root_AnyLength_IsThatOfTheDefinition(int length)
    {
        var bytes = Bytes(length);

        Tree(bytes, cut: 700).Root().ShouldBe(NaiveRoot(bytes));
        var running = new MerkleRoot();
        for (var i = 0; i < length; i += 1500) running.Append(bytes.AsSpan(i, Math.Min(1500, length - i)));
        running.Finish().ShouldBe(NaiveRoot(bytes));
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Path_OfEveryLeaf_LeadsToTheRootAndNoOtherDoes(int length)
    {
        var bytes = Bytes(length);
        var tree = Tree(bytes, cut: 4096);
        var root = tree.Root();
        var count = MerkleTree.LeafCountOf(length);
        for (var leaf = 0; leaf < count; leaf++)
        {
            var content = Leaf(bytes, leaf);
            var path = tree.Path(leaf);
            path.Length.ShouldBe(MerkleTree.PathLengthOf(leaf, count) * 32);

            MerkleTree.Verify(root, length, leaf, content, path).ShouldBeTrue();

            MerkleTree.Verify(root, length, leaf + 1, content, path).ShouldBeFalse();
            MerkleTree.Verify(root, length, leaf - 1, content, path).ShouldBeFalse();
            MerkleTree.Verify(root, length, leaf, content.AsSpan(0, content.Length - 1), path).ShouldBeFalse();
            MerkleTree.Verify(root, length, leaf, [.. content, 0], path).ShouldBeFalse();
            MerkleTree.Verify(root, length, leaf, content, [.. path, .. new byte[32]]).ShouldBeFalse();
            MerkleTree.Verify(SHA256.HashData(root), length, leaf, content, path).ShouldBeFalse();
            var flipped = content.ToArray();
            flipped[^1] ^= 1;
            MerkleTree.Verify(root, length, leaf, flipped, path).ShouldBeFalse();
            if (path.Length > 0)
            {
                path[0] ^= 1;
                MerkleTree.Verify(root, length, leaf, content, path).ShouldBeFalse();
                MerkleTree.Verify(root, length, leaf, content, path.AsSpan(32)).ShouldBeFalse();
            }
        }
    }

    [Fact]
    public void Root_OfTwoLeaves_IsNotThatOfALeafMadeOfTheirHashes()
    {
        // What the prefixes are for: an inner node cannot be passed off as a leaf.
        var bytes = Bytes(2048);
        byte[] hashes = [.. SHA256.HashData([0, .. bytes.AsSpan(0, 1024)]), .. SHA256.HashData([0, .. bytes.AsSpan(1024)])];

        Tree(hashes, cut: 64).Root().ShouldNotBe(NaiveRoot(bytes));
    }

    [Fact]
    public void Path_AskedForInBetween_DoesNotDisturbWhatFollows()
    {
        var bytes = Bytes(3000);
        var tree = Tree(bytes[..1500], cut: 100);
        tree.Root().ShouldBe(NaiveRoot(bytes[..1500]));

        tree.Append(bytes.AsSpan(1500));

        tree.Root().ShouldBe(NaiveRoot(bytes));
    }

    [Fact]
    public void Append_MoreThanAShard_IsRefused()
    {
        var tree = new MerkleRoot();
        var block = new byte[16 << 20];
        for (var i = 0; i < 8; i++) tree.Append(block);

        Should.Throw<ArgumentOutOfRangeException>(() => tree.Append([1]));
    }

    internal static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    internal static MerkleTree Tree(byte[] bytes, int cut)
    {
        var tree = new MerkleTree();
        for (var i = 0; i < bytes.Length; i += cut) tree.Append(bytes.AsSpan(i, Math.Min(cut, bytes.Length - i)));
        return tree;
    }

    internal static byte[] Leaf(byte[] bytes, int leaf) => bytes[(leaf * 1024)..Math.Min(bytes.Length, (leaf + 1) * 1024)];

    internal static byte[] NaiveRoot(byte[] bytes)
    {
        var leaves = Enumerable.Range(0, (bytes.Length + 1023) / 1024).Select(leaf => SHA256.HashData([0, .. Leaf(bytes, leaf)])).ToArray();
        return leaves.Length == 0 ? SHA256.HashData([]) : Join(leaves);

        static byte[] Join(byte[][] hashes)
        {
            if (hashes.Length == 1) return hashes[0];
            var split = 1;
            while (split * 2 < hashes.Length) split *= 2;
            return SHA256.HashData([1, .. Join(hashes[..split]), .. Join(hashes[split..])]);
        }
    }
}
