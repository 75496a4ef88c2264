using System.Security.Cryptography;
using System.Text;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

public sealed class Md5Tests
{
    // Four blocks and one byte, so that every rest meets every number of whole blocks.
    private const int LengthMax = 4 * Md5Engine.BlockSize + 1;

    // RFC 1321 §A.5.
    [Theory]
    [InlineData("", "d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("a", "0cc175b9c0f1b6a831c399e269772661")]
    [InlineData("abc", "900150983cd24fb0d6963f7d28e17f72")]
    [InlineData("message digest", "f96b697d7cb7938d525a2f31aaf161d0")]
    [InlineData("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890", "57edf4a22be3c955ac49da2e2107b67a")]
    public void Hash_StandardsExamples_GiveTheStandardsValues(string message, string expected)
    {
        var digest = new byte[Md5.Size];
        Md5.Hash(Encoding.ASCII.GetBytes(message), digest);
        Convert.ToHexStringLower(digest).ShouldBe(expected);
    }

    [Fact]
    public void Hash_EveryLengthAndAlignment_EqualsThePlatforms()
    {
        var bytes = TestBytes.Create(LengthMax + 32, seed: 10);
        var digest = new byte[Md5.Size];
        for (var length = 0; length <= LengthMax; length++)
        {
            var message = bytes.AsSpan(length * 7 % 32, length);
            Md5.Hash(message, digest);
            digest.ShouldBe(MD5.HashData(message), $"{length} bytes");
        }
    }

    [Fact]
    public void Hash_NoRoomForTheDigest_ThrowsAndWritesNothing()
    {
        var digest = new byte[Md5.Size - 1];
        Should.Throw<ArgumentException>(() => Md5.Hash("x"u8, digest));
        digest.ShouldAllBe(octet => octet == 0);
    }
}
