using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Ciphers;

public sealed class SegmentTaggerTests
{
    private static readonly byte[] tagKey = [.. Enumerable.Range(77, 32).Select(i => (byte)i)];
    private static readonly byte[] segment = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    [Theory]
    [InlineData(0, 0L, 0)]
    [InlineData(0, 0L, 1)]
    [InlineData(254, 255L, 64)]
    [InlineData(3, SegmentTagger.HeaderCell, 112)]
    [InlineData(4, 1L, SegmentTagger.LongCellMin - 1)]
    [InlineData(4, 1L, SegmentTagger.LongCellMin)]
    [InlineData(4, 1L, SegmentTagger.LongCellMin + 1)]
    [InlineData(5, 1L, 65_536)]
    public void Tag_AnyPlace_IsWhatAnotherImplementationOfThePageComputes(int shard, long cell, int length)
    {
        var data = Enumerable.Range(0, length).Select(i => (byte)(i * 7)).ToArray();
        using var tagger = new SegmentTagger(tagKey, segment);
        var tag = new byte[SegmentTagger.TagSize];

        tagger.Tag(shard, cell, data, tag);

        var key = Oracle.HkdfExpand(tagKey, [.. "oort segment tag v1\0"u8, .. segment]);
        byte[] nonce = [0, 0, 0, (byte)shard, .. Convert.FromHexString(cell.ToString("x16", null))];
        tag.ShouldBe(Oracle.Gmac(key, nonce, data));
        tagger.Verify(shard, cell, data, tag).ShouldBeTrue();
    }

    [Fact]
    public void Verify_OtherShardCellSegmentKeyDataOrTag_ReturnsFalse()
    {
        var data = new byte[100];
        var tag = new byte[SegmentTagger.TagSize];
        using var tagger = new SegmentTagger(tagKey, segment);
        tagger.Tag(1, 2, data, tag);
        using var otherSegment = new SegmentTagger(tagKey, [.. segment[..15], 99]);
        using var otherKey = new SegmentTagger([.. tagKey[..31], 99], segment);

        tagger.Verify(2, 2, data, tag).ShouldBeFalse();
        tagger.Verify(1, 1, data, tag).ShouldBeFalse();
        tagger.Verify(1, SegmentTagger.HeaderCell, data, tag).ShouldBeFalse();
        otherSegment.Verify(1, 2, data, tag).ShouldBeFalse();
        otherKey.Verify(1, 2, data, tag).ShouldBeFalse();
        tagger.Verify(1, 2, data.AsSpan(1), tag).ShouldBeFalse();
        tagger.Verify(1, 2, data, tag.AsSpan(1)).ShouldBeFalse();
        tagger.Verify(1, 2, data, []).ShouldBeFalse();
        for (var i = 0; i < data.Length; i++)
        {
            data[i] ^= 1;
            tagger.Verify(1, 2, data, tag).ShouldBeFalse();
            data[i] ^= 1;
        }
        tagger.Verify(1, 2, data, tag).ShouldBeTrue();
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(65_536)]
    public void TagAndVerify_ManyCells_AllocateNothing(int length)
    {
        using var tagger = new SegmentTagger(tagKey, segment);
        var data = new byte[length];
        var tag = new byte[SegmentTagger.TagSize];
        Check(0);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var cell = 1; cell <= 100; cell++) Check(cell);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);

        void Check(long cell)
        {
            tagger.Tag(1, cell, data, tag);
            if (!tagger.Verify(1, cell, data, tag)) throw new InvalidOperationException("A tag did not verify.");
        }
    }

    [Fact]
    public void Tag_LongAndShortCellsInTurn_AreThoseOfTaggersThatSawNoOther()
    {
        using var both = new SegmentTagger(tagKey, segment);
        foreach (var length in (int[])[64, 65_536, 64, 20_032, 16, 65_536])
        {
            using var alone = new SegmentTagger(tagKey, segment);
            var (data, tag, expected) = (new byte[length], new byte[SegmentTagger.TagSize], new byte[SegmentTagger.TagSize]);
            new Random(length).NextBytes(data);
            both.Tag(2, 3, data, tag);
            alone.Tag(2, 3, data, expected);
            tag.ShouldBe(expected);
            data[length / 2] ^= 1;
            both.Verify(2, 3, data, tag).ShouldBeFalse();
        }
    }

    [Fact]
    public void Tag_PlaceOrLengthOutOfRange_IsRefused()
    {
        using var tagger = new SegmentTagger(tagKey, segment);
        Should.Throw<ArgumentException>(() => tagger.Tag(-1, 0, [], new byte[16]));
        Should.Throw<ArgumentException>(() => tagger.Tag(0, -2, [], new byte[16]));
        Should.Throw<ArgumentException>(() => tagger.Tag(0, 0, [], new byte[15]));
        Should.Throw<ArgumentException>(() => new SegmentTagger(tagKey, segment.AsSpan(1)));
    }
}
