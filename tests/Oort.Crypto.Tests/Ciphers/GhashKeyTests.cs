using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Ciphers;

/// <summary>The hashing of long cells against the AES-GCM library, where this processor has it.</summary>
public sealed class GhashKeyTests
{
    private const int StepSize = 256;

    private static readonly byte[] Key = [.. Enumerable.Range(7, AesGcmKeys.KeySize).Select(static i => (byte)i)];
    private static readonly byte[] Spare = [.. Enumerable.Repeat((byte)255, AesGcmKeys.NonceSize)];

    [Fact]
    public void Add_EveryLengthToFourSteps_EqualsTheLibrarysTag()
    {
        Assert.SkipUnless(GhashKey.IsSupported, "No AVX-512 and VPCLMULQDQ.");
        for (var length = 0; length <= (4 * StepSize) + 1; length++) Check(Key, Bytes(length, length), $"{length} bytes");
    }

    [Fact]
    public void Add_CellsAtAnyAddress_EqualTheLibrarysTag()
    {
        Assert.SkipUnless(GhashKey.IsSupported, "No AVX-512 and VPCLMULQDQ.");
        var bytes = Bytes(65_536 + 64, seed: 1);
        for (var offset = 0; offset <= 64; offset++) Check(Key, bytes.AsSpan(offset, 65_536), $"at {offset}");
    }

    [Fact]
    public void Add_ManyKeys_EqualsTheLibrarysTag()
    {
        Assert.SkipUnless(GhashKey.IsSupported, "No AVX-512 and VPCLMULQDQ.");
        // Half of all keys give an H whose coefficient of x⁰ is 1, and so carries.
        for (var seed = 0; seed < 500; seed++) Check(Bytes(AesGcmKeys.KeySize, seed), Bytes(3000 + seed, -seed), $"key {seed}");
    }

    [Fact]
    public void Add_ExtremeData_EqualsTheLibrarysTag()
    {
        Assert.SkipUnless(GhashKey.IsSupported, "No AVX-512 and VPCLMULQDQ.");
        Check(Key, new byte[65_536], "zeros");
        Check(Key, [.. Enumerable.Repeat((byte)255, 65_536)], "ones");
    }

    [Fact]
    public void Dispose_LeavesTheHashOfZeros()
    {
        Assert.SkipUnless(GhashKey.IsSupported, "No AVX-512 and VPCLMULQDQ.");
        using var aes = AesGcmKeys.Create(Key);
        var hash = GhashKey.Create(aes, Spare);
        hash.Dispose();
        var tag = new byte[SegmentTagger.TagSize];
        hash.Add(Bytes(1000, seed: 2), tag);
        tag.ShouldAllBe(static b => b == 0, "With H zeroed every product is zero.");
    }

    private static void Check(byte[] key, ReadOnlySpan<byte> data, string what)
    {
        using var aes = AesGcmKeys.Create(key);
        using var hash = GhashKey.Create(aes, Spare);
        var nonce = Bytes(AesGcmKeys.NonceSize, data.Length);
        var (expected, tag) = (new byte[SegmentTagger.TagSize], new byte[SegmentTagger.TagSize]);
        aes.Encrypt(nonce, [], [], expected, data);
        aes.Encrypt(nonce, [], [], tag, []);
        hash.Add(data, tag);
        tag.ShouldBe(expected, what);
    }

    private static byte[] Bytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
