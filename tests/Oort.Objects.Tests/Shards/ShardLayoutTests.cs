using Oort.Backends;
using Oort.Objects.Shards;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Shards;

public sealed class ShardLayoutTests
{
    private const int Full = ShardLayout.FullCellSize;

    public static TheoryData<int, int, long, int, int, int> Cases => new()
    {
        // k, m, payload length, full stripes, last cell size, stripes
        { 4, 2, 1, 0, 64, 1 },
        { 4, 2, 256, 0, 64, 1 },
        { 4, 2, 257, 0, 128, 1 },
        { 4, 2, 4 * Full - 1, 0, Full, 1 },
        { 4, 2, 4 * Full, 1, 0, 1 },
        { 4, 2, 4 * Full + 1, 1, 64, 2 },
        { 4, 2, ShardLayout.PayloadLengthMax, 256, 0, 256 },
        { 1, 0, ShardLayout.PayloadLengthMax, 1024, 0, 1024 },
        { 6, 3, ShardLayout.PayloadLengthMax, 170, 43_712, 171 },
        { 254, 1, ShardLayout.PayloadLengthMax, 4, 2_112, 5 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Constructor_PayloadLength_GivesStripesAndLengths(int k, int m, long length, int fullStripes, int lastCellSize, int stripes)
    {
        var layout = new ShardLayout(new Geometry(k, m), length);
        layout.FullStripeCount.ShouldBe(fullStripes);
        layout.LastCellSize.ShouldBe(lastCellSize);
        layout.StripeCount.ShouldBe(stripes);
        layout.TableOffset.ShouldBe(128 + fullStripes * (long)Full + lastCellSize);
        layout.ShardLength.ShouldBe(layout.TableOffset + 24L * stripes);
        layout.CellOffset(0).ShouldBe(128);
        layout.EntryOffset(stripes - 1).ShouldBe(layout.ShardLength - 24);
        layout.CellOffset(stripes - 1).ShouldBe(layout.TableOffset - layout.CellSize(stripes - 1));
        Enumerable.Range(0, stripes).Sum(s => (long)layout.StripeLength(s)).ShouldBe(length);
    }

    [Fact]
    public void ShardLength_LargestShard_IsThePagesLimit() =>
        new ShardLayout(new Geometry(1, 254), ShardLayout.PayloadLengthMax).ShardLength.ShouldBe(67_133_568);

    /// <summary>Every byte of the payload is in exactly one place, in order, inside its cell.</summary>
    [Theory]
    [InlineData(4, 1)]
    [InlineData(4, 1000)]
    [InlineData(1, 70_000)]
    [InlineData(2, 2 * 65_536)]
    [InlineData(3, 3 * 65_536 + 200)]
    public void Locate_EveryByte_WalksThroughTheCells(int k, int length)
    {
        var layout = new ShardLayout(new Geometry(k, 2), length);
        var place = new CellPlace(0, 0, 0);
        for (var p = 0L; p < length; p++)
        {
            if (layout.Locate(p) != place) layout.Locate(p).ShouldBe(place, $"byte {p}");
            place = place with { Offset = place.Offset + 1 };
            if (place.Offset == layout.CellSize(place.Stripe)) place = new(place.Stripe, place.Cell + 1, 0);
            if (place.Cell == k) place = new(place.Stripe + 1, 0, 0);
        }
    }

    [Theory]
    [InlineData(4, 2, 0L)]
    [InlineData(4, 2, -1L)]
    [InlineData(4, 2, ShardLayout.PayloadLengthMax + 1)]
    [InlineData(0, 2, 1L)]
    [InlineData(1, -1, 1L)]
    [InlineData(128, 128, 1L)]
    [InlineData(int.MaxValue, int.MaxValue, 1L)]
    public void Constructor_NoSuchSegment_Throws(int k, int m, long length) =>
        Should.Throw<ArgumentOutOfRangeException>(() => new ShardLayout(new Geometry(k, m), length));

    [Fact]
    public void Members_OutsideThePayload_Throw()
    {
        var layout = new ShardLayout(new Geometry(4, 2), 1000);
        Should.Throw<ArgumentOutOfRangeException>(() => layout.Locate(-1));
        Should.Throw<ArgumentOutOfRangeException>(() => layout.Locate(1000));
        Should.Throw<ArgumentOutOfRangeException>(() => layout.CellSize(1));
        Should.Throw<ArgumentOutOfRangeException>(() => layout.CellSize(-1));
        Should.Throw<ArgumentOutOfRangeException>(() => layout.CellOffset(1));
        Should.Throw<ArgumentOutOfRangeException>(() => layout.EntryOffset(1));
        Should.Throw<ArgumentOutOfRangeException>(() => layout.StripeLength(1));
    }
}
