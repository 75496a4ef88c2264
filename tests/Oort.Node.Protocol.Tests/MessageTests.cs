using Shouldly;
using Xunit;

namespace Oort.Node.Protocol.Tests;

/// <summary>What is written is read; every flipped byte, every truncation and every byte too many is refused.</summary>
public sealed class MessageTests : IDisposable
{
    private static readonly ShardName s_shard = new(1, 2, 3);

    private readonly NodeIdentity _node = NodeIdentity.Create();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Receipt_Signed_IsReadAndNothingElseIs()
    {
        var root = MerkleTreeTests.NaiveRoot(MerkleTreeTests.Bytes(5000));
        var bytes = StorageReceipt.Sign(_node, s_shard, 55, 5000, 66, 77, root);

        StorageReceipt.TryRead(bytes, out var receipt).ShouldBeTrue();

        (receipt.Shard, receipt.Store, receipt.Length, receipt.Crc, receipt.Time, receipt.Node).ShouldBe((s_shard, (UInt128)55, 5000, 66UL, 77, _node.Id));
        receipt.Root.ToArray().ShouldBe(root);
        ShouldRefuseEveryChange(bytes, changed => StorageReceipt.TryRead(changed, out _));
    }

    [Fact]
    public void Answer_Signed_IsReadAndNothingElseIs()
    {
        var content = MerkleTreeTests.Bytes(5000);
        var tree = MerkleTreeTests.Tree(content, 1000);
        var challenge = new Challenge(s_shard, MerkleTreeTests.Bytes(32), [0, 4]);
        var bytes = ChallengeAnswer.Sign(_node, challenge, 55, 5000, 77, tree.Root(), [.. challenge.Leaves.Select(leaf => new OpenedLeaf(leaf, MerkleTreeTests.Leaf(content, leaf), tree.Path(leaf)))]);

        ChallengeAnswer.TryRead(bytes, challenge, out var answer).ShouldBeTrue();

        (answer.Store, answer.Length, answer.Time, answer.Node).ShouldBe(((UInt128)55, 5000, 77, _node.Id));
        answer.Leaves.Select(leaf => leaf.Index).ShouldBe([0, 4]);
        // Every seventh: each costs a check of a signature.
        ShouldRefuseEveryChange(bytes, changed => ChallengeAnswer.TryRead(changed, challenge, out _), step: 7);
    }

    [Fact]
    public void Answer_ToAnotherChallenge_IsRefused()
    {
        var content = MerkleTreeTests.Bytes(5000);
        var tree = MerkleTreeTests.Tree(content, 1000);
        var challenge = new Challenge(s_shard, new byte[32], [1]);
        var bytes = ChallengeAnswer.Sign(_node, challenge, 55, 5000, 77, tree.Root(), [new OpenedLeaf(1, MerkleTreeTests.Leaf(content, 1), tree.Path(1))]);

        foreach (var other in new[] { challenge with { Nonce = MerkleTreeTests.Bytes(32) }, challenge with { Shard = new(1, 2, 4) }, challenge with { Leaves = [2] }, challenge with { Leaves = [1, 2] } })
            ChallengeAnswer.TryRead(bytes, other, out _).ShouldBeFalse();
        ChallengeAnswer.TryRead(bytes, challenge, out _).ShouldBeTrue();
    }

    [Fact]
    public void Answer_SignedOverWrongBytes_IsRefused()
    {
        // The node signs what it says, but the leaf is not in the tree.
        var content = MerkleTreeTests.Bytes(5000);
        var tree = MerkleTreeTests.Tree(content, 1000);
        var challenge = new Challenge(s_shard, new byte[32], [1]);

        var bytes = ChallengeAnswer.Sign(_node, challenge, 55, 5000, 77, tree.Root(), [new OpenedLeaf(1, MerkleTreeTests.Leaf(content, 2), tree.Path(1))]);

        ChallengeAnswer.TryRead(bytes, challenge, out _).ShouldBeFalse();
    }

    [Fact]
    public void Challenge_OutOfBounds_IsNotWritten()
    {
        Should.Throw<ArgumentException>(() => new Challenge(s_shard, new byte[31], [1]).Encode());
        Should.Throw<ArgumentException>(() => new Challenge(s_shard, new byte[32], []).Encode());
        Should.Throw<ArgumentException>(() => new Challenge(s_shard, new byte[32], [1, 1]).Encode());
        Should.Throw<ArgumentException>(() => new Challenge(s_shard, new byte[32], [-1]).Encode());
        Should.Throw<ArgumentException>(() => new Challenge(s_shard, new byte[32], [.. Enumerable.Range(0, 65)]).Encode());
        new Challenge(s_shard, new byte[32], [.. Enumerable.Range(0, 64)]).Encode().Length.ShouldBe(Challenge.SizeMax);
    }

    [Fact]
    public void Outcomes_WithLongTexts_AreCutAtWholeCharacters()
    {
        var bytes = BatchAnswer.Encode([new(NodeErrorCode.Full, new string('é', 300)), new(NodeErrorCode.None, "")]);

        BatchAnswer.TryRead(bytes, 2, out var outcomes).ShouldBeTrue();

        outcomes[0].ShouldBe(new(NodeErrorCode.Full, new string('é', 100)));
        outcomes[1].ShouldBe(new(NodeErrorCode.None, ""));
    }

    [Theory]
    [InlineData("1-2.3", true)]
    [InlineData("0-0.0", true)]
    [InlineData("ffffffffffffffff-ffffffffffffffff.255", true)]
    [InlineData("1-2.256", false)]
    [InlineData("01-2.3", false)]
    [InlineData("1-2.03", false)]
    [InlineData("A-2.3", false)]
    [InlineData("1-2", false)]
    [InlineData("1.2-3", false)]
    [InlineData("-2.3", false)]
    [InlineData("1-.3", false)]
    [InlineData("1-2.", false)]
    [InlineData("1-2.+3", false)]
    [InlineData(" 1-2.3", false)]
    [InlineData("10000000000000000-2.3", false)]
    [InlineData("", false)]
    public void ShardName_Text_HasOneSpelling(string text, bool isName)
    {
        ShardName.TryParse(text, out var name).ShouldBe(isName);
        if (isName) name.ToString().ShouldBe(text);
    }

    private static void ShouldRefuseEveryChange(byte[] bytes, Func<byte[], bool> read, int step = 1)
    {
        for (var i = 0; i < bytes.Length; i += step)
        {
            var flipped = bytes.ToArray();
            flipped[i] ^= 0x40;
            read(flipped).ShouldBeFalse($"byte {i} flipped");
            read(bytes[..i]).ShouldBeFalse($"cut to {i}");
        }

        read([.. bytes, 0]).ShouldBeFalse("a byte too many");
        read(bytes).ShouldBeTrue();
    }
}
