using System.Globalization;
using System.Text.Json;

namespace Oort.Benchmarks.Gateway;

/// <summary>The figures of one run, as tables for people and as JSON.</summary>
internal sealed class Report(string machine)
{
    private readonly List<RawLimit> limits = [];
    private readonly List<Measurement> measurements = [];

    public void Add(RawLimit limit)
    {
        if (limits.Count == 0) Console.WriteLine($"{machine}\n\n| raw limit | figure |\n| --- | ---: |");
        limits.Add(limit);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {limit.Name} | {limit.Value:N0} {limit.Unit} |"));
    }

    /// <summary>Prints the row at once: the whole run takes minutes.</summary>
    public void Add(Measurement m)
    {
        if (measurements.Count == 0)
        {
            Console.WriteLine("\n| work | connections | MiB/s | ops/s | p50 ms | p99 ms | server CPU ns/byte | ops per server-core-second | 503s | 503 p50 ms | 503 max ms | peak MiB |");
            Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        }

        measurements.Add(m);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {m.Name} | {m.Connections} | {m.MebibytesPerSecond:F0} | {m.OperationsPerSecond:F0} | {m.P50Milliseconds:F2} | {m.P99Milliseconds:F2} | {m.NanosecondsPerByte:F2} | {m.OperationsPerCoreSecond:F0} | {m.Refusals} | {m.RefusalP50Milliseconds:F0} | {m.RefusalMaxMilliseconds:F0} | {m.PeakMebibytes} |"));
    }

    public void WriteJson(string path) => File.WriteAllText(path, JsonSerializer.Serialize(new { machine, limits, measurements }, Json));

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
}
