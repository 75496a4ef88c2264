namespace Oort.Backends.Suite;

/// <summary>A backend on a peer that a test can look into and make misbehave: what <see cref="NetworkBackendSuite"/> needs from each network.</summary>
public abstract class NetworkHarness : IAsyncDisposable
{
    /// <summary>The backend under test; <see cref="RestartAsync"/> replaces it.</summary>
    public abstract INetworkBackend Backend { get; }

    /// <summary>A new backend on the same peer, which remembers nothing: a gateway that was started anew.</summary>
    public abstract Task RestartAsync();

    /// <summary>The clock that the backend is given.</summary>
    public abstract TimeProvider Time { get; }

    /// <summary>Lets so much time pass, for the backend and on the network (blocks are made, queues move).</summary>
    public abstract Task AdvanceAsync(TimeSpan by);

    /// <summary>What the peer does wrong now.</summary>
    public abstract PeerFault Fault { get; set; }

    /// <summary>Whether the peer can be made to do this. A test of what it cannot is skipped, and said to be.</summary>
    public abstract bool Knows(PeerFault fault);

    /// <summary>What a step, a test or a look must fail with while the peer does this.</summary>
    public virtual IReadOnlyList<BackendErrorKind> KindsOf(PeerFault fault) => fault switch
    {
        PeerFault.WrongBytes => [BackendErrorKind.Corrupt],
        PeerFault.ShortBytes or PeerFault.LongBytes => [BackendErrorKind.Corrupt, BackendErrorKind.Transient],
        PeerFault.ServerError or PeerFault.Hangs or PeerFault.LosesAnswers => [BackendErrorKind.Transient],
        PeerFault.Unavailable => [BackendErrorKind.Transient, BackendErrorKind.Throttled],
        PeerFault.Throttles => [BackendErrorKind.Throttled],
        PeerFault.RefusesCredentials => [BackendErrorKind.Unauthorized],
        PeerFault.OutOfFunds => [BackendErrorKind.Funds],
        PeerFault.OutOfSpace => [BackendErrorKind.Full],
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "It fails nothing."),
    };

    /// <summary>How often the peer was paid, or was given an item that it charges for.</summary>
    public abstract int PaymentCount { get; }

    /// <summary>Items that the peer holds, begun ones among them: all that somebody pays for.</summary>
    public abstract Task<int> CountItemsAsync();

    /// <summary>Makes the peer lose an item that it has accepted.</summary>
    public abstract Task LoseAsync(NetworkItem item);

    /// <summary>Changes every byte of an item that the peer has accepted, not its length.</summary>
    public abstract Task DamageAsync(NetworkItem item);

    /// <summary>Of which reads the backend itself notices wrong bytes.</summary>
    public abstract ReadChecks ReadChecks { get; }

    /// <summary>Keys, tokens and passwords that the backend was given.</summary>
    public abstract IReadOnlyList<string> Secrets { get; }

    /// <summary>Lengths of items that the backend deals with in different ways, within its traits.</summary>
    public virtual IReadOnlyList<int> Lengths => [1, 1_000, 70_001];

    /// <summary>Longest that a step may take in real time when the peer hangs.</summary>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(20);

    public abstract ValueTask DisposeAsync();
}
