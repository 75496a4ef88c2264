using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

public sealed class Md5LanesTests
{
    // Of each stream; a multiple of all that the sharing of turns divides by.
    private const int BlockCount = 7 * 9 * 11 * 13;

    private static readonly byte[] bytes = TestBytes.Create(BlockCount * Md5Engine.BlockSize, seed: 16);

    // Two streams get three blocks done while the others get two. With each stream among the two for its share of the time, all of them are through
    // as soon as the blocks allow.
    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(8)]
    [InlineData(12)]
    public void Run_StreamsOfOneLength_SharesTheScalarRegistersEvenly(int streamCount)
    {
        if (Md5LaneWidths.Widest != Md5LaneWidth.Sixteen) return;
        var expected = Md5State.Initial;
        Md5Engine.Append(ref expected, bytes);
        var lanes = new Md5Lanes<int>(Md5LaneWidth.Sixteen);
        for (var i = 0; i < streamCount; i++) lanes.Add(i, Md5State.Initial, bytes);

        var blockCount = 0;
        var ended = new List<int>();
        while (lanes.Count > 0)
        {
            blockCount += lanes.Run(int.MaxValue);
            while (lanes.TryTakeEnded(out var stream, out var state))
            {
                state.ShouldBe(expected);
                ended.Add(stream);
            }
        }

        ended.Order().ShouldBe(Enumerable.Range(0, streamCount));
        ((double)blockCount / BlockCount).ShouldBeInRange(0.999 * streamCount / (streamCount + 1), 1.01 * streamCount / (streamCount + 1));
    }

    [Fact]
    public void Run_AStreamShorterThanAStride_EndsItAlone()
    {
        foreach (var width in Md5LaneWidths.Supported.Where(width => width != Md5LaneWidth.One))
        {
            var lanes = new Md5Lanes<int>(width);
            lanes.Add(0, Md5State.Initial, bytes);
            lanes.Add(1, Md5State.Initial, bytes.AsMemory(0, Md5Engine.BlockSize));
            lanes.Add(2, Md5State.Initial, bytes);
            lanes.Run(int.MaxValue).ShouldBe(1);
            lanes.TryTakeEnded(out var stream, out _).ShouldBeTrue();
            stream.ShouldBe(1);
            lanes.TryTakeEnded(out _, out _).ShouldBeFalse();
        }
    }
}
