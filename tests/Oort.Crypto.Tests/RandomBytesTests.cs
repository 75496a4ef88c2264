using System.Collections.Concurrent;
using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests;

public sealed class RandomBytesTests
{
    private const int ValueSize = 16;

    [Fact]
    public async Task Fill_ManySizesOnManyThreads_NeverGivesTheSameBytesAgain()
    {
        var values = new ConcurrentDictionary<UInt128, int>();
        var count = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 4000), TestContext.Current.CancellationToken, (i, _) =>
        {
            // Sizes around the largest that is stored, so that refills fall at every place.
            var bytes = new byte[ValueSize + (i % 60)];
            RandomBytes.Fill(bytes);
            for (var start = 0; start + ValueSize <= bytes.Length; start += ValueSize)
            {
                values.TryAdd(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes.AsSpan(start)), i).ShouldBeTrue();
                Interlocked.Increment(ref count);
            }

            return ValueTask.CompletedTask;
        });
        values.Count.ShouldBe(count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(5000)]
    public void Fill_AnySize_FillsItAllAndNothingElse(int size)
    {
        // A byte stays zero by chance in one of 256 tries; in 40, never.
        var filled = new byte[size];
        for (var i = 0; i < 40; i++)
        {
            var bytes = new byte[size + 1];
            RandomBytes.Fill(bytes.AsSpan(0, size));
            bytes[size].ShouldBe((byte)0);
            for (var j = 0; j < size; j++) filled[j] |= bytes[j];
        }

        filled.ShouldAllBe(static b => b != 0);
    }
}
