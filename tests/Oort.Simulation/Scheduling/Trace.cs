using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Simulation.Scheduling;

/// <summary>What happened, in order: its hash tells two runs apart, its end is what a failure shows.</summary>
/// <param name="path">A file for all of it; null: only the end is kept.</param>
internal sealed class Trace(string? path) : IDisposable
{
    private const int TailCountMax = 60;

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Queue<string> tail = new();
    private readonly StreamWriter? file = path is null ? null : new StreamWriter(path);

    /// <summary>Lines so far that count for the hash.</summary>
    public long Count { get; private set; }

    /// <summary>Of all lines so far that count.</summary>
    public string Hash => Convert.ToHexStringLower(hash.GetCurrentHash())[..16];

    /// <summary>The last lines.</summary>
    public string Tail => string.Join('\n', tail);

    /// <summary>Something that the seed alone decides.</summary>
    public void Add(long now, string what)
    {
        Count++;
        var line = Line(now, what);
        hash.AppendData(Encoding.UTF8.GetBytes(line));
        Keep(line);
    }

    /// <summary>Something for people: it may name ids and keys, which differ from run to run.</summary>
    public void Note(long now, string what) => Keep(Line(now, what));

    public void Dispose()
    {
        file?.Dispose();
        hash.Dispose();
    }

    private static string Line(long now, string what) => string.Create(CultureInfo.InvariantCulture, $"{now / (double)TimeSpan.TicksPerSecond,14:0.000000} {what}");

    private void Keep(string line)
    {
        file?.WriteLine(line);
        tail.Enqueue(line);
        if (tail.Count > TailCountMax) tail.Dequeue();
    }
}
