using System.Diagnostics;

namespace Oort.Benchmarks.Kernels;

/// <summary>One way to do a piece of work.</summary>
/// <param name="Name">Who: "Oort", "ISA-L", "scalar", ….</param>
/// <param name="Work">Does it once.</param>
internal sealed record Competitor(string Name, Action Work);

/// <summary>What came out for one competitor.</summary>
/// <param name="NanosecondsPerByte">Of the fastest slice.</param>
internal sealed record Result(string Contest, string Name, long Bytes, double NanosecondsPerByte)
{
    /// <summary>1e9 bytes a second.</summary>
    public double GigabytesPerSecond => 1 / NanosecondsPerByte;
}

/// <summary>Compares competitors on a machine that is busy with other things.</summary>
/// <remarks>
/// Slices of about a millisecond, in turn, in one process on the same buffers; the fastest slice counts. Who is disturbed in one slice is not in
/// another, and a change of clock rate meets all alike. So ratios hold; absolute numbers are this machine's, now.
/// </remarks>
internal static class Contest
{
    private static readonly TimeSpan slice = TimeSpan.FromMilliseconds(1);

    /// <param name="bytes">What one call processes, by which results are divided.</param>
    internal static IReadOnlyList<Result> Run(string name, long bytes, int rounds, IReadOnlyList<Competitor> competitors)
    {
        var calls = competitors.Select(competitor => Calibrate(competitor.Work)).ToArray();
        var best = Enumerable.Repeat(double.MaxValue, competitors.Count).ToArray();
        for (var round = 0; round < rounds; round++)
            for (var i = 0; i < competitors.Count; i++)
                best[i] = Math.Min(best[i], Time(competitors[i].Work, calls[i]) / calls[i]);
        return [.. competitors.Select((competitor, i) => new Result(name, competitor.Name, bytes, best[i] / bytes))];
    }

    /// <summary>How many calls make a slice. Its many calls also bring the code to its last tier.</summary>
    private static int Calibrate(Action work)
    {
        var calls = 1;
        while (Time(work, calls) < slice.TotalNanoseconds && calls < 1 << 20) calls *= 2;
        return calls;
    }

    /// <summary>Nanoseconds that so many calls take.</summary>
    private static double Time(Action work, int calls)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++) work();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }
}
