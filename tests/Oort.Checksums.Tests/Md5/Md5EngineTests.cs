using System.Runtime.Intrinsics.X86;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

/// <summary>Every kernel that this processor has against the scalar definition.</summary>
public sealed unsafe class Md5EngineTests
{
    // Four blocks of every width, and one more.
    private const int BlockCountMax = 5;
    private const int StrideCountMax = 3;

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

    [Fact]
    public void Append16And2_EveryStrideCountAndAlignment_EqualsDefinition()
    {
        if (!Avx512F.IsSupported)
        {
            Md5LaneWidths.Widest.ShouldNotBe(Md5LaneWidth.Sixteen);
            return;
        }

        var bytes = TestBytes.Create(StrideCountMax * Md5Engine.ScalarStride * Md5Engine.BlockSize + 64, seed: 15);
        for (var strideCount = 0; strideCount <= StrideCountMax; strideCount++)
        {
            // The two scalar streams run at every distance from a boundary; the lanes are what Check gives them.
            for (var offset = 0; offset < 64; offset++)
            {
                var (first, second) = (RandomState(offset), RandomState(offset + 1));
                var (expectedFirst, expectedSecond) = (first, second);
                var length = strideCount * Md5Engine.ScalarStride * Md5Engine.BlockSize;
                Md5Engine.Append(ref expectedFirst, bytes.AsSpan(offset, length));
                Md5Engine.Append(ref expectedSecond, bytes.AsSpan(63 - offset, length));
                fixed (byte* start = bytes)
                {
                    var (firstSource, secondSource) = ((nint)(start + offset), (nint)(start + 63 - offset));
                    Check((states, sources, _) => Md5Engine.Append16And2(states, sources, ref first, (byte*)firstSource, ref second, (byte*)secondSource, strideCount),
                        Md5Engine.LaneCountMax, strideCount * Md5Engine.LaneStride);
                }

                first.ShouldBe(expectedFirst, $"offset {offset}, {strideCount} strides");
                second.ShouldBe(expectedSecond, $"offset {offset}, {strideCount} strides");
            }
        }
    }

    private static Md5State RandomState(int seed)
    {
        var random = new Random(seed);
        return new() { A = (uint)random.Next(), B = (uint)random.Next(), C = (uint)random.Next(), D = (uint)random.Next() };
    }

    private static void Check(Kernel kernel, int laneCount)
    {
        for (var blockCount = 0; blockCount <= BlockCountMax; blockCount++) Check(kernel, laneCount, blockCount);
    }

    private static void Check(Kernel kernel, int laneCount, int blockCount)
    {
        var bytes = TestBytes.Create(blockCount * Md5Engine.BlockSize + 64, seed: 13);
        var words = new Random(14);
        var states = new uint[4 * Md5Engine.LaneCountMax];
        var expected = new Md5State[laneCount];
        var sources = new nint[Md5Engine.LaneCountMax];
        fixed (byte* first = bytes)
        {
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
        }

        for (var lane = 0; lane < laneCount; lane++) Lane(states, lane).ShouldBe(expected[lane], $"lane {lane}, {blockCount} blocks");
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
