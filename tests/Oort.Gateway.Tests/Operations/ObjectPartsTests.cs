using Oort.Gateway.Operations;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class ObjectPartsTests
{
    [Fact]
    public void Of_ExtentsOfOnePart_AreOnePart()
    {
        var parts = ObjectParts.Of(Version((1, 10), (3, 4), (3, 5), (7, 0)));

        parts.Select(part => (part.Number, part.Offset, part.Length)).ShouldBe([(1, 0L, 10L), (3, 10L, 9L), (7, 19L, 0L)]);
    }

    [Fact]
    public void Of_ObjectPutWhole_HasNoParts() => ObjectParts.Of(Version((0, 10))).ShouldBeEmpty();

    [Theory]
    [InlineData("0123456789abcdef0123456789abcdef-12", 12)]
    [InlineData("0123456789abcdef0123456789abcdef", 0)]
    public void CountOf_ETag_IsItsSuffix(string etag, int count) => ObjectParts.CountOf(etag).ShouldBe(count);

    private static VersionRow Version(params (int Part, long Length)[] extents) => new()
    {
        Bucket = new(1),
        Key = "k",
        Id = new(1, 1),
        LastModified = default,
        OwnerId = "o",
        Extents = [.. extents.Select(extent => new Extent(new(1), 0, extent.Length, extent.Part, []))],
    };
}
