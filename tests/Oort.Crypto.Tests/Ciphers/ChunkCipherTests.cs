using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Ciphers;

public sealed class ChunkCipherTests
{
    private static readonly byte[] key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private static readonly byte[] dataId = [.. Enumerable.Range(100, 16).Select(i => (byte)i)];

    [Theory]
    [InlineData(0, false, ChunkCipher.PlaintextSize)]
    [InlineData(0, true, 1)]
    [InlineData(1, true, ChunkCipher.PlaintextSize)]
    [InlineData(0x0102030405 % ChunkCipher.ChunkCountMax, true, 1000)]
    [InlineData(ChunkCipher.ChunkCountMax - 1, false, ChunkCipher.PlaintextSize)]
    public void Seal_AnyChunk_IsWhatAnotherImplementationOfThePageSeals(long chunk, bool last, int length)
    {
        var plaintext = Fill(length, 7);
        var sealedChunk = new byte[length + ChunkCipher.TagSize];
        using var cipher = new ChunkCipher(key, dataId);

        cipher.Seal(chunk, last, plaintext, sealedChunk);

        sealedChunk.ShouldBe(SealAsThePageSays(chunk, last, plaintext));
        var opened = new byte[length];
        cipher.TryOpen(chunk, last, sealedChunk, opened).ShouldBeTrue();
        opened.ShouldBe(plaintext);
    }

    [Fact]
    public void TryOpen_OtherNumberFlagDataIdOrKey_ReturnsFalseAndNoPlaintext()
    {
        var plaintext = Fill(300, 1);
        var sealedChunk = new byte[316];
        using var cipher = new ChunkCipher(key, dataId);
        cipher.Seal(5, last: true, plaintext, sealedChunk);
        var otherId = dataId.ToArray();
        otherId[15] ^= 1;
        var otherKey = key.ToArray();
        otherKey[0] ^= 0x80;
        using var otherData = new ChunkCipher(key, otherId);
        using var otherSecret = new ChunkCipher(otherKey, dataId);

        ShouldNotOpen(cipher, 4, true, sealedChunk);
        ShouldNotOpen(cipher, 6, true, sealedChunk);
        ShouldNotOpen(otherData, 5, true, sealedChunk);
        ShouldNotOpen(otherSecret, 5, true, sealedChunk);
        ShouldNotOpen(cipher, 5, false, sealedChunk);
    }

    [Fact]
    public void TryOpen_FullChunkWithOtherLastFlag_ReturnsFalse()
    {
        var sealedChunk = new byte[ChunkCipher.SealedSize];
        using var cipher = new ChunkCipher(key, dataId);
        cipher.Seal(0, last: false, Fill(ChunkCipher.PlaintextSize, 2), sealedChunk);

        ShouldNotOpen(cipher, 0, true, sealedChunk);
    }

    [Fact]
    public void TryOpen_EveryFlippedByteAndEveryTruncation_ReturnsFalse()
    {
        var sealedChunk = new byte[64 + ChunkCipher.TagSize];
        using var cipher = new ChunkCipher(key, dataId);
        cipher.Seal(0, last: true, Fill(64, 3), sealedChunk);

        for (var i = 0; i < sealedChunk.Length; i++)
        {
            sealedChunk[i] ^= 0x40;
            ShouldNotOpen(cipher, 0, true, sealedChunk);
            sealedChunk[i] ^= 0x40;
            ShouldNotOpen(cipher, 0, true, sealedChunk.AsSpan(0, i));
        }
        cipher.TryOpen(0, true, sealedChunk, new byte[64]).ShouldBeTrue();
    }

    [Fact]
    public void SealAndTryOpen_InPlace_RoundTrips()
    {
        var buffer = new byte[ChunkCipher.SealedSize];
        var plaintext = Fill(ChunkCipher.PlaintextSize, 9);
        plaintext.CopyTo(buffer, 0);
        using var cipher = new ChunkCipher(key, dataId);

        cipher.Seal(3, last: false, buffer.AsSpan(0, ChunkCipher.PlaintextSize), buffer);
        buffer.ShouldBe(SealAsThePageSays(3, false, plaintext));
        cipher.TryOpen(3, last: false, buffer, buffer.AsSpan(0, ChunkCipher.PlaintextSize)).ShouldBeTrue();

        buffer.AsSpan(0, ChunkCipher.PlaintextSize).SequenceEqual(plaintext).ShouldBeTrue();
    }

    [Fact]
    public void Seal_LengthOrNumberOutOfRange_IsRefused()
    {
        using var cipher = new ChunkCipher(key, dataId);
        Should.Throw<ArgumentException>(() => cipher.Seal(0, last: true, [], new byte[16]));
        Should.Throw<ArgumentException>(() => cipher.Seal(0, last: false, new byte[10], new byte[26]));
        Should.Throw<ArgumentException>(() => cipher.Seal(0, last: true, new byte[ChunkCipher.PlaintextSize + 1], new byte[ChunkCipher.SealedSize + 1]));
        Should.Throw<ArgumentException>(() => cipher.Seal(0, last: true, new byte[10], new byte[25]));
        Should.Throw<ArgumentException>(() => cipher.Seal(-1, last: true, new byte[10], new byte[26]));
        Should.Throw<ArgumentException>(() => cipher.Seal(ChunkCipher.ChunkCountMax, last: true, new byte[10], new byte[26]));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 1, 17)]
    [InlineData(65_519, 1, 65_535)]
    [InlineData(65_520, 1, 65_536)]
    [InlineData(65_521, 2, 65_553)]
    [InlineData(5L << 40, 83_906_566, (5L << 40) + (16 * 83_906_566L))]
    public void SealedLength_AnyLength_AddsATagForEachBegunChunk(long plaintext, long chunks, long sealedLength)
    {
        ChunkCipher.ChunkCount(plaintext).ShouldBe(chunks);
        ChunkCipher.SealedLength(plaintext).ShouldBe(sealedLength);
    }

    [Fact]
    public void SealAndTryOpen_ManyChunks_AllocateNothing()
    {
        using var cipher = new ChunkCipher(key, dataId);
        var buffer = new byte[4096 + ChunkCipher.TagSize];
        RoundTrip(0);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var chunk = 1; chunk <= 100; chunk++) RoundTrip(chunk);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);

        void RoundTrip(long chunk)
        {
            cipher.Seal(chunk, last: true, buffer.AsSpan(0, 4096), buffer);
            if (!cipher.TryOpen(chunk, last: true, buffer, buffer.AsSpan(0, 4096))) throw new InvalidOperationException("A chunk did not open.");
        }
    }

    private static void ShouldNotOpen(ChunkCipher cipher, long chunk, bool last, ReadOnlySpan<byte> sealedChunk)
    {
        var plaintext = Fill(Math.Max(0, sealedChunk.Length - ChunkCipher.TagSize), 0xee);
        cipher.TryOpen(chunk, last, sealedChunk, plaintext).ShouldBeFalse();
        plaintext.ShouldAllBe(b => b == 0);
    }

    /// <summary>docs/formats/segment.md §3, written again over another library.</summary>
    private static byte[] SealAsThePageSays(long chunk, bool last, byte[] plaintext)
    {
        var number = Convert.FromHexString(chunk.ToString("x16", null));
        byte[] nonce = [0, 0, 0, 0, .. number];
        byte[] associated = [1, .. dataId, .. number, last ? (byte)1 : (byte)0];
        return Oracle.Seal(key, nonce, associated, plaintext);
    }

    private static byte[] Fill(int length, byte seed) => [.. Enumerable.Range(0, length).Select(i => (byte)((i * 31) + seed))];
}
