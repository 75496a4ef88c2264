using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Oort.Checksums;

/// <summary>Sixteen streams in 512-bit registers, and two more in general ones, which vectors leave idle.</summary>
/// <remarks>
/// A vector instruction gives its result one cycle later than a scalar one on some processors (Zen 5), so vectors gain with the number of streams
/// only: with eight, half of each register is empty. In the time of two blocks a scalar stream gets three done, beside them. The processor finds
/// work for both only if both stand close together in the program, so the schedule is written out: a line is four steps of the vectors and twelve
/// scalar ones. With fewer vector steps at a stretch it is no more than 2 % faster, with four at a stretch 5 % slower.
/// All of it must be inlined, or the states leave their registers; the JIT's budget for that allows no call more inside each step.
/// </remarks>
internal static unsafe partial class Md5Engine
{
    // Of a block.
    private const int StepCount = 64;

    /// <summary>Blocks that each vector lane takes in a stride.</summary>
    internal const int LaneStride = 2;

    /// <summary>Blocks that each scalar stream takes in a stride.</summary>
    internal const int ScalarStride = 3;

    /// <summary>Compresses <see cref="LaneStride"/> blocks a stride of sixteen streams, and <see cref="ScalarStride"/> of two others.</summary>
    /// <param name="states">Four rows (A, B, C, D) of <see cref="LaneCountMax"/> words.</param>
    /// <param name="sources">Where the sixteen streams' blocks begin, at any alignment.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Append16And2(uint* states, byte** sources, ref Md5State first, byte* firstSource, ref Md5State second, byte* secondSource, int strideCount)
    {
        // Words and sines lie together, which saves a register.
        var room = stackalloc byte[(WordCount + 1) * sizeof(Vector512<uint>) + StepCount * sizeof(uint)];
        var m = (Vector512<uint>*)(((nint)room + sizeof(Vector512<uint>) - 1) & -sizeof(Vector512<uint>));
        var kv = (uint*)(m + WordCount);
        Sines.CopyTo(new Span<uint>(kv, StepCount));
        ref var k = ref MemoryMarshal.GetReference(Sines);
        var p = (uint*)firstSource;
        var q = (uint*)secondSource;
        var v = LoadWide(states);
        var (x, y) = (first, second);
        var (v0, x0, y0) = (v, x, y);
        var end = (nint)strideCount * LaneStride * BlockSize;
        for (nint at = 0; at < end; at += LaneStride * BlockSize)
        {
            for (var i = 0; i < WordCount; i += 4) Transpose(sources, at + i * sizeof(uint), m + i);
            RoundF(ref v, m, kv, 0); RoundF(ref x, p, ref k, 0); RoundF(ref y, q, ref k, 0); RoundF(ref v, m, kv, 2); RoundF(ref x, p, ref k, 4);
            RoundF(ref v, m, kv, 4); RoundF(ref y, q, ref k, 4); RoundF(ref x, p, ref k, 8); RoundF(ref v, m, kv, 6); RoundF(ref y, q, ref k, 8);
            RoundF(ref v, m, kv, 8); RoundF(ref x, p, ref k, 12); RoundF(ref y, q, ref k, 12); RoundF(ref v, m, kv, 10); RoundG(ref x, p, ref k, 0);
            RoundF(ref v, m, kv, 12); RoundG(ref y, q, ref k, 0); RoundG(ref x, p, ref k, 4); RoundF(ref v, m, kv, 14); RoundG(ref y, q, ref k, 4);
            RoundG(ref v, m, kv, 0); RoundG(ref x, p, ref k, 8); RoundG(ref y, q, ref k, 8); RoundG(ref v, m, kv, 2); RoundG(ref x, p, ref k, 12);
            RoundG(ref v, m, kv, 4); RoundG(ref y, q, ref k, 12); RoundH(ref x, p, ref k, 0); RoundG(ref v, m, kv, 6); RoundH(ref y, q, ref k, 0);
            RoundG(ref v, m, kv, 8); RoundH(ref x, p, ref k, 4); RoundH(ref y, q, ref k, 4); RoundG(ref v, m, kv, 10); RoundH(ref x, p, ref k, 8);
            RoundG(ref v, m, kv, 12); RoundH(ref y, q, ref k, 8); RoundH(ref x, p, ref k, 12); RoundG(ref v, m, kv, 14); RoundH(ref y, q, ref k, 12);
            RoundH(ref v, m, kv, 0); RoundI(ref x, p, ref k, 0); RoundI(ref y, q, ref k, 0); RoundH(ref v, m, kv, 2); RoundI(ref x, p, ref k, 4);
            RoundH(ref v, m, kv, 4); RoundI(ref y, q, ref k, 4); RoundI(ref x, p, ref k, 8); RoundH(ref v, m, kv, 6); RoundI(ref y, q, ref k, 8);
            RoundH(ref v, m, kv, 8); RoundI(ref x, p, ref k, 12); End(ref x, ref x0, ref p); RoundI(ref y, q, ref k, 12); End(ref y, ref y0, ref q); RoundH(ref v, m, kv, 10); RoundF(ref x, p, ref k, 0);
            RoundH(ref v, m, kv, 12); RoundF(ref y, q, ref k, 0); RoundF(ref x, p, ref k, 4); RoundH(ref v, m, kv, 14); RoundF(ref y, q, ref k, 4);
            RoundI(ref v, m, kv, 0); RoundF(ref x, p, ref k, 8); RoundF(ref y, q, ref k, 8); RoundI(ref v, m, kv, 2); RoundF(ref x, p, ref k, 12);
            RoundI(ref v, m, kv, 4); RoundF(ref y, q, ref k, 12); RoundG(ref x, p, ref k, 0); RoundI(ref v, m, kv, 6); RoundG(ref y, q, ref k, 0);
            RoundI(ref v, m, kv, 8); RoundG(ref x, p, ref k, 4); RoundG(ref y, q, ref k, 4); RoundI(ref v, m, kv, 10); RoundG(ref x, p, ref k, 8);
            RoundI(ref v, m, kv, 12); RoundG(ref y, q, ref k, 8); RoundG(ref x, p, ref k, 12); RoundI(ref v, m, kv, 14); RoundG(ref y, q, ref k, 12);
            End(ref v, ref v0);

            for (var i = 0; i < WordCount; i += 4) Transpose(sources, at + BlockSize + i * sizeof(uint), m + i);
            RoundF(ref v, m, kv, 0); RoundH(ref x, p, ref k, 0); RoundH(ref y, q, ref k, 0); RoundF(ref v, m, kv, 2); RoundH(ref x, p, ref k, 4);
            RoundF(ref v, m, kv, 4); RoundH(ref y, q, ref k, 4); RoundH(ref x, p, ref k, 8); RoundF(ref v, m, kv, 6); RoundH(ref y, q, ref k, 8);
            RoundF(ref v, m, kv, 8); RoundH(ref x, p, ref k, 12); RoundH(ref y, q, ref k, 12); RoundF(ref v, m, kv, 10); RoundI(ref x, p, ref k, 0);
            RoundF(ref v, m, kv, 12); RoundI(ref y, q, ref k, 0); RoundI(ref x, p, ref k, 4); RoundF(ref v, m, kv, 14); RoundI(ref y, q, ref k, 4);
            RoundG(ref v, m, kv, 0); RoundI(ref x, p, ref k, 8); RoundI(ref y, q, ref k, 8); RoundG(ref v, m, kv, 2); RoundI(ref x, p, ref k, 12); End(ref x, ref x0, ref p);
            RoundG(ref v, m, kv, 4); RoundI(ref y, q, ref k, 12); End(ref y, ref y0, ref q); RoundF(ref x, p, ref k, 0); RoundG(ref v, m, kv, 6); RoundF(ref y, q, ref k, 0);
            RoundG(ref v, m, kv, 8); RoundF(ref x, p, ref k, 4); RoundF(ref y, q, ref k, 4); RoundG(ref v, m, kv, 10); RoundF(ref x, p, ref k, 8);
            RoundG(ref v, m, kv, 12); RoundF(ref y, q, ref k, 8); RoundF(ref x, p, ref k, 12); RoundG(ref v, m, kv, 14); RoundF(ref y, q, ref k, 12);
            RoundH(ref v, m, kv, 0); RoundG(ref x, p, ref k, 0); RoundG(ref y, q, ref k, 0); RoundH(ref v, m, kv, 2); RoundG(ref x, p, ref k, 4);
            RoundH(ref v, m, kv, 4); RoundG(ref y, q, ref k, 4); RoundG(ref x, p, ref k, 8); RoundH(ref v, m, kv, 6); RoundG(ref y, q, ref k, 8);
            RoundH(ref v, m, kv, 8); RoundG(ref x, p, ref k, 12); RoundG(ref y, q, ref k, 12); RoundH(ref v, m, kv, 10); RoundH(ref x, p, ref k, 0);
            RoundH(ref v, m, kv, 12); RoundH(ref y, q, ref k, 0); RoundH(ref x, p, ref k, 4); RoundH(ref v, m, kv, 14); RoundH(ref y, q, ref k, 4);
            RoundI(ref v, m, kv, 0); RoundH(ref x, p, ref k, 8); RoundH(ref y, q, ref k, 8); RoundI(ref v, m, kv, 2); RoundH(ref x, p, ref k, 12);
            RoundI(ref v, m, kv, 4); RoundH(ref y, q, ref k, 12); RoundI(ref x, p, ref k, 0); RoundI(ref v, m, kv, 6); RoundI(ref y, q, ref k, 0);
            RoundI(ref v, m, kv, 8); RoundI(ref x, p, ref k, 4); RoundI(ref y, q, ref k, 4); RoundI(ref v, m, kv, 10); RoundI(ref x, p, ref k, 8);
            RoundI(ref v, m, kv, 12); RoundI(ref y, q, ref k, 8); RoundI(ref x, p, ref k, 12); End(ref x, ref x0, ref p); RoundI(ref v, m, kv, 14); RoundI(ref y, q, ref k, 12); End(ref y, ref y0, ref q);
            End(ref v, ref v0);
        }

        StoreWide(v, states);
        (first, second) = (x, y);
    }
}
