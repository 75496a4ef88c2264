using Oort.Backends.Local;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

/// <summary>Which reads pass the page cache by.</summary>
public sealed class LongReadsTests
{
    private const int Length = LongReads.LengthMin;

    private readonly RecordingDisk _disk = StoreFixture.NewDisk();
    private readonly byte[] _content = TestBytes.Make(1 << 20, 1);

    private static ShardId Id => new(new SegmentId(0, 7), 1);

    [Fact]
    public async Task Read_LongOne_GoesThroughTheCacheFromTheThirdTimeOn()
    {
        _disk.HasCache = false;
        await using var store = await OpenAsync();
        var counts = new List<int>();
        for (var time = 0; time < 4; time++)
        {
            (await ReadAsync(store, 3000, Length)).ShouldBe(_content[3000..(3000 + Length)]);
            counts.Add(_disk.DirectReadCount);
        }

        counts.ShouldBe([1, 2, 2, 2]);
    }

    [Fact]
    public async Task Read_EachPlaceForItself_CountsItsOwnReads()
    {
        _disk.HasCache = false;
        await using var store = await OpenAsync();
        for (var place = 0; place < 8; place++) await ReadAsync(store, place * Length, Length);

        _disk.DirectReadCount.ShouldBe(8);
    }

    [Fact]
    public async Task Read_ToTheEndAndOverIt_GivesWhatIsThere()
    {
        _disk.HasCache = false;
        await using var store = await OpenAsync();

        (await ReadAsync(store, _content.Length - Length - 5, Length + 5)).ShouldBe(_content[^(Length + 5)..]);
        (await ReadAsync(store, _content.Length - Length - 7, 2 * Length)).ShouldBe(_content[^(Length + 7)..]);
        _disk.DirectReadCount.ShouldBe(2);
    }

    [Theory]
    [InlineData(false, Length - 1)]
    [InlineData(true, Length)]
    public async Task Read_ShortOrInMemory_GoesThroughTheCache(bool isCached, int length)
    {
        _disk.HasCache = isCached;
        await using var store = await OpenAsync();

        (await ReadAsync(store, 100, length)).ShouldBe(_content[100..(100 + length)]);
        _disk.DirectReadCount.ShouldBe(0);
    }

    [Fact]
    public async Task TryReadCached_LongReadOfWhatIsNotThere_DoesNotEvenTry()
    {
        _disk.HasCache = false;
        await using var store = await OpenAsync();
        store.TryReadCached(Id, 0, new byte[Length]).ShouldBeFalse();
        _disk.HasCache = true;
        store.TryReadCached(Id, 0, new byte[Length]).ShouldBeTrue();
    }

    private async Task<LocalStore> OpenAsync()
    {
        var store = StoreFixture.Open(_disk, StoreFixture.Options with { VolumeSizeBytes = 1 << 24 });
        await store.PutAsync(Id, _content, CancellationToken.None);
        return store;
    }

    private static async Task<byte[]> ReadAsync(LocalStore store, int offset, int length)
    {
        var read = new byte[length];
        var count = await store.ReadAsync(Id, offset, read, CancellationToken.None);
        return read[..count];
    }
}
