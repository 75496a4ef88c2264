using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text.Json;

namespace Oort.Benchmarks.Kernels;

/// <summary>`Oort.Benchmarks kernels`: what erasure code, checksums and hashes reach here, beside scalar code, ISA-L and OpenSSL.</summary>
internal static class KernelBenchmarks
{
    private const int RoundsDefault = 31;

    /// <summary>So many slices of a millisecond settle any minimum.</summary>
    private const int RoundsMax = 10_000;

    private static readonly TimeSpan warmUp = TimeSpan.FromSeconds(2);

    private static readonly JsonSerializerOptions jsonOptions = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <returns>0, or 2 when the arguments cannot be understood.</returns>
    internal static int Run(string[] args)
    {
        var rounds = RoundsDefault;
        var jsonOnly = false;
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--json")
            {
                jsonOnly = true;
            }
            else if (args[i] != "--rounds" || ++i == args.Length
                || !int.TryParse(args[i], NumberStyles.None, CultureInfo.InvariantCulture, out rounds) || rounds is < 1 or > RoundsMax)
            {
                Console.Error.WriteLine($"kernels takes --rounds 1 … {RoundsMax} and --json.");
                return 2;
            }
        }

        // The JIT replaces its first code in the background, which takes a while on a busy machine.
        var start = Stopwatch.GetTimestamp();
        do Measure(rounds: 1);
        while (Stopwatch.GetElapsedTime(start) < warmUp);

        var results = Measure(rounds);
        if (!jsonOnly) PrintTable(results);
        Console.WriteLine(JsonSerializer.Serialize(new { Machine = Machine(), Rounds = rounds, Results = results.SelectMany(contest => Describe(contest)) }, jsonOptions));
        return 0;
    }

    private static List<IReadOnlyList<Result>> Measure(int rounds)
    {
        var results = new List<IReadOnlyList<Result>>();
        foreach (var (k, m) in new[] { (4, 2), (6, 3), (8, 4), (16, 4) })
            foreach (var cellSize in new[] { 4_096, 16_384, 65_536 })
            {
                using var erasure = new ErasureContests(k, m, cellSize);
                results.Add(erasure.Encode(rounds));
                if (cellSize != 65_536) continue;
                for (var lostCount = 1; lostCount <= Math.Min(m, 2); lostCount++) results.Add(erasure.Decode(rounds, lostCount));
            }

        foreach (var length in new[] { 4_096, 65_536 })
        {
            using var checksums = new ChecksumContests(length);
            results.Add(checksums.Crc64(rounds));
            results.Add(checksums.Crc32Of(rounds));
            results.Add(checksums.Crc32COf(rounds));
        }

        foreach (var (streamCount, length) in new[] { (1, 64), (1, 4_096), (1, 65_536), (2, 65_536), (4, 65_536), (8, 4_096), (8, 65_536), (12, 65_536), (16, 65_536), (64, 4_096) })
        {
            using var hashes = new HashContests(streamCount, length);
            results.Add(hashes.Md5Of(rounds));
            if (streamCount == 1) results.Add(hashes.Sha256Of(rounds));
        }

        return results;
    }

    private static void PrintTable(List<IReadOnlyList<Result>> results)
    {
        Console.WriteLine(Machine());
        Console.WriteLine();
        Console.WriteLine("| Work, bytes of data | Who | GB/s | ns/B | Oort is |");
        Console.WriteLine("| --- | --- | --- | --- | --- |");
        foreach (var contest in results)
            foreach (var result in contest)
            {
                var ratio = result.NanosecondsPerByte / contest[0].NanosecondsPerByte;
                var remark = result == contest[0] || contest[0].Name != "Oort" ? "" : string.Create(CultureInfo.InvariantCulture, $"{ratio:0.00}x");
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {result.Contest} | {result.Name} | {result.GigabytesPerSecond:0.0} | {result.NanosecondsPerByte:0.0000} | {remark} |"));
            }

        Console.WriteLine();
    }

    private static IEnumerable<object> Describe(IReadOnlyList<Result> contest) =>
        contest.Select(result => new { result.Contest, result.Name, result.Bytes, result.NanosecondsPerByte, result.GigabytesPerSecond });

    private static string Machine() =>
        $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.ProcessArchitecture}, AVX2 {Has(Avx2.IsSupported)}, AVX-512 {Has(Avx512F.IsSupported)}, GFNI 512 bits {Has(Gfni.V512.IsSupported)}, PCLMULQDQ 256 bits {Has(Pclmulqdq.V256.IsSupported)} and 512 bits {Has(Pclmulqdq.V512.IsSupported)}, ISA-L {Has(IsaL.IsPresent)}";

    private static string Has(bool present) => present ? "yes" : "no";
}
