using System.Runtime.Intrinsics.X86;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

/// <summary>Every kernel that this processor has against the scalar definition.</summary>
public sealed unsafe class Md5EngineTests
{
    // Four blocks of every width, and one more.
    private const int BlockCountMax = 5;

    [Fact]
    public void Append8_EveryBlockCountAndAlignment_EqualsDefinition()
    {
        if (Avx2.IsSupported) Check(Md5Engine.Append8, laneCount: 8);
        else Md5LaneWidths.Widest.ShouldBe(Md5LaneWidth.One);
    }

    [Fact]
    public void Append16_EveryBlockCountAndAlignment_EqualsDefinition()
    {
        if (Avx2.IsSupported) Check(Md5Engine.Append16, laneCount: 16);
        else Md5LaneWidths.Widest.ShouldBe(Md5LaneWidth.One);
    }

    [Fact]
    public void Append16Wide_EveryBlockCountAndAlignment_EqualsDefinition()
    {
        if (Avx512F.IsSupported) Check(Md5Engine.Append16Wide, laneCount: 16);
        else Md5LaneWidths.Widest.ShouldNotBe(Md5LaneWidth.Sixteen);
    }

    private static void Check(Kernel kernel, int laneCount)
    {
        var bytes = TestBytes.Create(BlockCountMax * Md5Engine.BlockSize + 64, seed: 13);
        var words = new Random(14);
        fixed (byte* first = bytes)
        {
            for (var blockCount = 0; blockCount <= BlockCountMax; blockCount++)
            {
                var states = new uint[4 * Md5Engine.LaneCountMax];
                var expected = new Md5State[laneCount];
                var sources = new nint[Md5Engine.LaneCountMax];
                for (var lane = 0; lane < laneCount; lane++)
                {
                    // Lanes overlap, each at another alignment and from another state.
                    var offset = lane * 5 % 64;
                    sources[lane] = (nint)(first + offset);
                    for (var row = 0; row < 4; row++) states[row * Md5Engine.LaneCountMax + lane] = (uint)words.NextInt64(uint.MaxValue);
                    expected[lane] = Lane(states, lane);
                    Md5Engine.Append(ref expected[lane], bytes.AsSpan(offset, blockCount * Md5Engine.BlockSize));
                }

                fixed (uint* rows = states)
                fixed (nint* addresses = sources) kernel(rows, (byte**)addresses, blockCount);
                for (var lane = 0; lane < laneCount; lane++) Lane(states, lane).ShouldBe(expected[lane], $"lane {lane}, {blockCount} blocks");
            }
        }
    }

    private static Md5State Lane(uint[] states, int lane) => new()
    {
        A = states[lane],
        B = states[Md5Engine.LaneCountMax + lane],
        C = states[2 * Md5Engine.LaneCountMax + lane],
        D = states[3 * Md5Engine.LaneCountMax + lane],
    };

    private delegate void Kernel(uint* states, byte** sources, int blockCount);
}
