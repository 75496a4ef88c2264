using Shouldly;

namespace Oort.Erasure.Tests;

/// <summary>Makes stripes and loses cells of them.</summary>
internal static class Stripes
{
    internal static byte[] Encode(IErasureCode code, int cellSize, Random random)
    {
        var stripe = new byte[(code.DataShards + code.ParityShards) * cellSize];
        var data = stripe.AsSpan(0, code.DataShards * cellSize);
        random.NextBytes(data);
        code.Encode(data, stripe.AsSpan(data.Length), cellSize);
        return stripe;
    }

    internal static bool[] All(int count) => [.. Enumerable.Repeat(true, count)];

    internal static bool[] Lose(int count, int lostCount, Random random)
    {
        var present = All(count);
        foreach (var index in Enumerable.Range(0, count).OrderBy(_ => random.Next()).Take(lostCount)) present[index] = false;
        return present;
    }

    /// <summary>Overwrites what is not present with rubbish, reconstructs, and checks that the wanted is back and the rest untouched.</summary>
    internal static void CheckReconstruct(IErasureCode code, byte[] stripe, int cellSize, bool[] present, bool[] wanted)
    {
        const byte Rubbish = 0xA5;
        var damaged = stripe.ToArray();
        var expected = stripe.ToArray();
        for (var i = 0; i < present.Length; i++)
        {
            if (present[i]) continue;
            damaged.AsSpan(i * cellSize, cellSize).Fill(Rubbish);
            if (!wanted[i]) expected.AsSpan(i * cellSize, cellSize).Fill(Rubbish);
        }

        code.Reconstruct(damaged, cellSize, present, wanted);
        damaged.AsSpan().SequenceEqual(expected).ShouldBeTrue($"{code.DataShards}+{code.ParityShards}, {cellSize} bytes, present {string.Concat(present.Select(p => p ? '1' : '0'))}");
    }
}
