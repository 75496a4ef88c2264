using System.Security.Cryptography;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

public sealed class Md5HashManyTests
{
    private static readonly byte[] bytes = TestBytes.Create(1 << 20, seed: 11);

    [Fact]
    public void HashMany_EveryLengthToFourBlocksAndOne_EqualsThePlatforms() =>
        Check([.. Enumerable.Range(0, 4 * Md5Engine.BlockSize + 2).Select(length => bytes.AsMemory(length * 7 % 32, length))]);

    [Fact]
    public void HashMany_EveryNumberOfMessages_EqualsThePlatforms()
    {
        for (var count = 0; count <= 40; count++)
            Check([.. Enumerable.Range(0, count).Select(i => bytes.AsMemory(i, 1000))]);
    }

    [Fact]
    public void HashMany_RaggedLengths_EqualsThePlatforms()
    {
        var random = new Random(12);
        for (var round = 0; round < 20; round++)
        {
            Check([.. Enumerable.Range(0, random.Next(1, 200)).Select(_ =>
            {
                var length = random.Next(4) == 0 ? random.Next(256 * 1024) : random.Next(5000);
                return bytes.AsMemory(random.Next(bytes.Length - length), length);
            })]);
        }
    }

    [Fact]
    public void HashMany_MoreMessagesThanKeysFitTheStack_EqualsThePlatforms() =>
        Check([.. Enumerable.Range(0, 1000).Select(i => bytes.AsMemory(i, i))]);

    [Fact]
    public void HashMany_MoreRoomThanNeeded_LeavesTheRestAlone()
    {
        var digests = new byte[Md5.Size + 3];
        Md5.HashMany([bytes.AsMemory(0, 5)], digests);
        digests[Md5.Size..].ShouldAllBe(octet => octet == 0);
    }

    [Fact]
    public void HashMany_NoRoomForAllDigests_ThrowsAndWritesNothing()
    {
        var digests = new byte[2 * Md5.Size - 1];
        Should.Throw<ArgumentException>(() => Md5.HashMany([bytes.AsMemory(0, 5), bytes.AsMemory(0, 6)], digests));
        digests.ShouldAllBe(octet => octet == 0);
    }

    private static void Check(ReadOnlyMemory<byte>[] messages)
    {
        var expected = messages.SelectMany(message => MD5.HashData(message.Span)).ToArray();
        foreach (var width in Md5LaneWidths.Supported)
        {
            var digests = new byte[expected.Length];
            Md5.HashMany(messages, digests, width);
            digests.ShouldBe(expected, $"{width}, {messages.Length} messages");
        }
    }
}
