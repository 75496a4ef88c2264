using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Oort.Erasure;

namespace Oort.Benchmarks.Kernels;

/// <summary>Encoding and decoding of one stripe that stays in cache.</summary>
internal sealed unsafe class ErasureContests : IDisposable
{
    private readonly int k;
    private readonly int m;
    private readonly int cellSize;
    private readonly byte* buffer;
    private readonly byte** cells;
    private readonly byte* isaTables;
    private readonly IErasureCode code;
    private readonly LinearMap map;

    internal ErasureContests(int k, int m, int cellSize)
    {
        (this.k, this.m, this.cellSize) = (k, m, cellSize);
        code = ReedSolomon.For(k, m);
        var matrix = CodingMatrix.Create(k, m);
        map = new LinearMap(matrix);
        buffer = (byte*)NativeMemory.AlignedAlloc((nuint)((k + m) * cellSize), 64);
        cells = (byte**)NativeMemory.Alloc((nuint)((k + m) * sizeof(byte*)));
        for (var i = 0; i < k + m; i++) cells[i] = buffer + i * cellSize;
        new Random(1).NextBytes(new Span<byte>(buffer, k * cellSize));
        isaTables = (byte*)NativeMemory.AlignedAlloc((nuint)(32 * k * m), 64);
        if (!IsaL.IsPresent) return;
        var coefficients = new byte[k * m];
        for (var row = 0; row < m; row++) matrix.Row(row).CopyTo(coefficients.AsSpan(row * k));
        fixed (byte* first = coefficients) IsaL.InitTables(k, m, first, isaTables);
    }

    private Span<byte> Stripe => new(buffer, (k + m) * cellSize);

    private Span<byte> Data => Stripe[..(k * cellSize)];

    private Span<byte> Parity => Stripe[(k * cellSize)..];

    internal IReadOnlyList<Result> Encode(int rounds)
    {
        var competitors = new List<Competitor> { new("Oort", () => code.Encode(Data, Parity, cellSize)) };
        foreach (var level in Enum.GetValues<KernelLevel>().Reverse().Where(level => level.IsSupported()))
            competitors.Add(new($"Oort {level}", () => map.Apply(level, cells, cells + k, cellSize)));
        if (IsaL.IsPresent)
        {
            competitors.Add(new("ISA-L", () => IsaL.EncodeData(cellSize, k, m, isaTables, cells, cells + k)));
            if (Avx2.IsSupported) competitors.Add(new("ISA-L AVX2", () => IsaL.EncodeDataAvx2(cellSize, k, m, isaTables, cells, cells + k)));
        }

        CheckSameParity(competitors);
        return Contest.Run($"encode {k}+{m}, cells of {cellSize / 1024} KiB", (long)k * cellSize, rounds, competitors);
    }

    /// <summary>Rebuilds the first <paramref name="lostCount"/> data cells, in bytes of a whole stripe's data.</summary>
    internal IReadOnlyList<Result> Decode(int rounds, int lostCount)
    {
        var present = Enumerable.Range(0, k + m).Select(i => i >= lostCount).ToArray();
        var wanted = Enumerable.Range(0, k + m).Select(i => i < lostCount).ToArray();
        return Contest.Run($"rebuild {lostCount} of {k}+{m}, cells of {cellSize / 1024} KiB", (long)k * cellSize, rounds,
            [new("Oort", () => code.Reconstruct(Stripe, cellSize, present, wanted))]);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(buffer);
        NativeMemory.AlignedFree(isaTables);
        NativeMemory.Free(cells);
    }

    /// <summary>A benchmark of wrong results is worth nothing.</summary>
    private void CheckSameParity(List<Competitor> competitors)
    {
        code.Encode(Data, Parity, cellSize);
        var right = Parity.ToArray();
        foreach (var competitor in competitors)
        {
            Parity.Clear();
            competitor.Work();
            if (!Parity.SequenceEqual(right)) throw new InvalidOperationException($"{competitor.Name} computes another parity for {k}+{m}.");
        }
    }
}
