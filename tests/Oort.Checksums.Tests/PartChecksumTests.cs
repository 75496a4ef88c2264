using System.Security.Cryptography;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

public sealed class PartChecksumTests
{
    private static readonly int[] partLengths = [5_242_880, 1, 0, 100_000];

    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32)]
    [InlineData(ChecksumAlgorithm.Crc32C)]
    [InlineData(ChecksumAlgorithm.Crc64Nvme)]
    public void CombineParts_PartsOfAnObject_EqualsChecksumOfTheObject(ChecksumAlgorithm algorithm)
    {
        using var whole = new RunningChecksum(algorithm);
        var parts = new List<PartChecksum>();
        foreach (var length in partLengths)
        {
            var bytes = TestBytes.Create(length, seed: length);
            whole.Append(bytes);
            parts.Add(new(Checksum(algorithm, bytes), length));
        }

        algorithm.CombineParts(parts).ShouldBe(whole.Finish());
        algorithm.CombineParts([]).ShouldBe(whole.Finish());
    }

    [Fact]
    public void ComposeParts_Sha256_IsTheHashOfTheHashes()
    {
        var (a, b) = (SHA256.HashData([1]), SHA256.HashData([2]));
        ChecksumAlgorithm.Sha256.ComposeParts([new(a, 1), new(b, 1)]).ShouldBe(SHA256.HashData([.. a, .. b]));
    }

    [Fact]
    public void ComposeParts_Crc32_IsTheCrcOfTheBigEndianCrcs()
    {
        var (a, b) = (Checksum(ChecksumAlgorithm.Crc32, [1]), Checksum(ChecksumAlgorithm.Crc32, [2]));
        ChecksumAlgorithm.Crc32.ComposeParts([new(a, 1), new(b, 1)]).ShouldBe(Checksum(ChecksumAlgorithm.Crc32, [.. a, .. b]));
    }

    [Fact]
    public void CombineAndComposeParts_WhatS3DoesNotHave_Throws()
    {
        Should.Throw<ArgumentException>(() => ChecksumAlgorithm.Sha256.CombineParts([]));
        Should.Throw<ArgumentException>(() => ChecksumAlgorithm.Crc64Nvme.ComposeParts([]));
        Should.Throw<ArgumentException>(() => ChecksumAlgorithm.None.CombineParts([]));
        Should.Throw<ArgumentException>(() => ChecksumAlgorithm.None.ComposeParts([]));
        Should.Throw<ArgumentException>(() => ChecksumAlgorithm.Crc32.CombineParts([new(new byte[3], 1)]));
        Should.Throw<ArgumentException>(() => ChecksumAlgorithm.Crc32.ComposeParts([new(new byte[5], 1)]));
    }

    private static byte[] Checksum(ChecksumAlgorithm algorithm, byte[] bytes)
    {
        using var running = new RunningChecksum(algorithm);
        running.Append(bytes);
        return running.Finish();
    }
}
