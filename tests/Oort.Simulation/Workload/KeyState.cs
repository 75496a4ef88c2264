namespace Oort.Simulation.Workload;

/// <summary>What was put: bytes that a number and a length say.</summary>
internal sealed record Content(int Number, int Length)
{
    /// <summary>What it was put together from; none: it was put as one.</summary>
    public IReadOnlyList<Content> Parts { get; init; } = [];

    public byte[] Bytes()
    {
        if (Parts.Count > 0) return [.. Parts.SelectMany(part => part.Bytes())];
        var bytes = new byte[Length];
        new Random(Number).NextBytes(bytes);
        return bytes;
    }
}

/// <summary>What one key may hold, by what its only writer was told. The model of S3 for one key, with doubt.</summary>
internal sealed class KeyState(string name)
{
    private readonly List<Content?> possible = [null];

    public string Name => name;

    /// <summary>One of these it holds; null: nothing.</summary>
    public IReadOnlyList<Content?> Possible => possible;

    /// <summary>A change was acknowledged: nothing else is possible any more.</summary>
    public void Acknowledge(Content? content)
    {
        possible.Clear();
        possible.Add(content);
    }

    /// <summary>A change was not acknowledged: it may take effect, now or later, whole or not at all.</summary>
    public void Doubt(Content? content)
    {
        if (!possible.Contains(content)) possible.Add(content);
    }

    /// <summary>Compares what was read.</summary>
    /// <returns>What it is.</returns>
    /// <exception cref="Scheduling.SimulationException">It is nothing of what it may be.</exception>
    public Content? Check(byte[]? read)
    {
        foreach (var one in possible)
        {
            if (one is null ? read is null : read is not null && read.Length == one.Length && read.AsSpan().SequenceEqual(one.Bytes())) return one;
        }

        throw new Scheduling.SimulationException($"{name} has {(read is null ? "nothing" : $"{read.Length} bytes that were never put, or not the last ones")}; it should have {string.Join(" or ", possible.Select(one => one is null ? "nothing" : $"{one.Length} bytes ({one.Number})"))}.");
    }
}
