namespace Oort.Benchmarks.Gateway;

/// <summary>One kind of load: what each connection does, and how often.</summary>
/// <param name="Name">For people; one row of the table.</param>
/// <param name="Connections">Clients that run at once, one thread and one socket each.</param>
/// <param name="Count">Operations of each of them.</param>
/// <param name="Step">One operation: the client, its number, the operation's number. Returns the object bytes that were moved.</param>
internal sealed record Work(string Name, int Connections, int Count, Func<LoadClient, int, int, long> Step)
{
    /// <summary>Whether bytes are what the work is about; otherwise only operations are shown.</summary>
    public bool MovesBytes { get; init; } = true;

    /// <summary>Whether what the server's disks have in the page cache is dropped first.</summary>
    public bool BeginsCold { get; init; }

    /// <summary>False for what only prepares others.</summary>
    public bool IsShown { get; init; } = true;
}
