using FsCheck;
using FsCheck.Fluent;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reading;

public sealed class RangeTests
{
    private static readonly ObjectLayerOptions SmallSegments = new() { BufferBytes = 64 * 1024 * 1024, SegmentChunks = 5 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_AnyRange_IsThatOfTheBytes(bool areFar)
    {
        await using var world = new ObjectWorld(new Geometry(2, 1), SmallSegments);
        world.Stores.AreFar = areFar;
        var bytes = ObjectWorld.Bytes(13 * 65_520 + 777);
        var version = await world.PutAsync(bytes);
        var any = from offset in Gen.Choose(0, bytes.Length) from length in Gen.OneOf(Gen.Choose(0, 200), Gen.Choose(0, bytes.Length)) select (offset, Math.Min(length, bytes.Length - offset));
        Prop.ForAll(any.ToArbitrary(), range => world.GetAsync(version, range.offset, range.Item2).GetAwaiter().GetResult().AsSpan().SequenceEqual(bytes.AsSpan(range.offset, range.Item2)))
            .QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_AnyRangeOfExtentsWithOffsets_IsThatOfTheBytes(bool areFar)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2), SmallSegments);
        world.Stores.AreFar = areFar;
        var sources = new List<(byte[] Bytes, VersionRow Version)>();
        foreach (var size in new[] { 100, 70_000, 6 * 65_520 + 5 })
        {
            var bytes = ObjectWorld.Bytes(size);
            sources.Add((bytes, await world.PutAsync(bytes, $"key{size}")));
        }
        var slice = from index in Gen.Choose(0, 2)
                    from offset in Gen.Choose(0, sources[index].Bytes.Length - 1)
                    from length in Gen.Choose(1, sources[index].Bytes.Length - offset)
                    select (index, offset, length);
        var any = from slices in Gen.NonEmptyListOf(slice) from cut in Gen.Choose(0, 1000) from keep in Gen.Choose(0, 1000) select (slices, cut, keep);
        Prop.ForAll(any.ToArbitrary(), made =>
        {
            var plain = made.slices.SelectMany(part => sources[part.index].Bytes.AsSpan(part.offset, part.length).ToArray()).ToArray();
            var version = sources[0].Version with
            {
                Size = plain.Length,
                Extents = [.. made.slices.Select(part => new Extent(sources[part.index].Version.Extents[0].Data, part.offset, part.length, 0, []))],
            };
            var offset = (int)((long)plain.Length * made.cut / 1000);
            var length = (int)((long)(plain.Length - offset) * made.keep / 1000);
            return world.GetAsync(version, offset, length).GetAwaiter().GetResult().AsSpan().SequenceEqual(plain.AsSpan(offset, length));
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_SmallRange_ReadsOnlyTheCellItNeeds(bool areFar)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        world.Stores.AreFar = areFar;
        var version = await world.PutAsync(ObjectWorld.Bytes(20 * 65_520));
        await world.GetAsync(version, 7 * 65_520 + 100, 50);
        world.Stores.All.Sum(store => store.Count(Backends.Suite.StoreOperations.Read)).ShouldBe(1);
    }

    [Fact]
    public async Task Read_RangeBeyondTheEnd_IsRefused()
    {
        await using var world = new ObjectWorld(new Geometry(1, 0));
        var version = await world.PutAsync(ObjectWorld.Bytes(10));
        await using var reader = await world.Layer.OpenAsync(version, CancellationToken.None);
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => ObjectWorld.ReadAsync(reader, 5, 6));
    }
}
