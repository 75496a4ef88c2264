namespace Oort.Simulation.Network;

/// <summary>All ways to one node, one from each gateway.</summary>
internal sealed class Ways(IReadOnlyList<Link> links)
{
    /// <summary>No gateway reaches it.</summary>
    public bool IsPartitioned => links.All(link => link.IsPartitioned);

    /// <summary>Nothing comes through from any gateway, or from one alone while others reach the node.</summary>
    public void Partition(Random random)
    {
        if (links.Count > 1 && random.Next(2) == 0)
        {
            links[random.Next(links.Count)].Partition();
            return;
        }

        foreach (var link in links) link.Partition();
    }

    public void Heal()
    {
        foreach (var link in links) link.Heal();
    }

    public void Lose()
    {
        foreach (var link in links) link.Lose();
    }

    public void Reset()
    {
        foreach (var link in links) link.Reset();
    }

    /// <summary>Makes all of them slow.</summary>
    /// <returns>Makes them as they were.</returns>
    public Action Slow(TimeSpan latency, TimeSpan jitter, double bytesPerSecond)
    {
        var before = links.Select(link => (link.Latency, link.Jitter, link.BytesPerSecond)).ToArray();
        foreach (var link in links) (link.Latency, link.Jitter, link.BytesPerSecond) = (latency, jitter, bytesPerSecond);
        return () =>
        {
            for (var i = 0; i < before.Length; i++) (links[i].Latency, links[i].Jitter, links[i].BytesPerSecond) = before[i];
        };
    }
}
