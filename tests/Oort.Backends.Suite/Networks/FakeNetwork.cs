using System.Globalization;

namespace Oort.Backends.Suite;

/// <summary>A network in memory as the outside ones are: it is paid by transaction, queues what it was sent, charges for it, and can misbehave.</summary>
/// <remarks>Thread-safe. What a transaction pays for is fixed by its id: sent again, it is the same one.</remarks>
public sealed class FakeNetwork(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Held> items = new(StringComparer.Ordinal);
    private readonly HashSet<string> paid = new(StringComparer.Ordinal);
    private int readCount;

    /// <summary>Of the one account.</summary>
    public string Secret { get; } = "a token that opens the account";

    /// <summary>How long what was accepted waits until the network says that it is stored.</summary>
    public TimeSpan QueueTime { get; set; } = TimeSpan.FromMinutes(1);

    public PeerFault Fault { get; set; }

    /// <summary>Thrown at each request, as a bug of the backend would be; null: none.</summary>
    public Exception? Bug { get; set; }

    public int PaymentCount
    {
        get
        {
            lock (gate) return paid.Count;
        }
    }

    /// <summary>What it says of the account.</summary>
    public NetworkAccount? Account { get; set; } = new(100, "coin", null);

    /// <summary>What it says that it charges.</summary>
    public NetworkPrices Prices { get; set; } = new() { PerItem = 0.001, AsOf = DateTimeOffset.UnixEpoch };

    /// <summary>Requests for bytes so far, whether they were answered or not.</summary>
    public int ReadCount => Volatile.Read(ref readCount);

    public int ItemCount
    {
        get
        {
            lock (gate) return items.Count;
        }
    }

    public Task SendAsync(string secret, string transaction, byte[] bytes, CancellationToken cancellationToken) => AskAsync(secret, Request.Payment, () =>
    {
        if (paid.Add(transaction)) items[transaction] = new(bytes, time.GetUtcNow() + QueueTime);
        return 0;
    }, cancellationToken);

    /// <summary>Whether it is stored; null: there is no such item.</summary>
    public Task<bool?> StatusAsync(string secret, string transaction, CancellationToken cancellationToken) =>
        AskAsync<bool?>(secret, Request.Question, () => items.TryGetValue(transaction, out var held) ? held.Stored <= time.GetUtcNow() : null, cancellationToken);

    /// <summary>All of an item; null: there is no such item.</summary>
    public Task<byte[]?> ReadAsync(string secret, string transaction, CancellationToken cancellationToken) => CountedAsync(() => AskAsync<byte[]?>(secret, Request.Question, () =>
    {
        if (!items.TryGetValue(transaction, out var held)) return null;
        return Fault switch
        {
            PeerFault.WrongBytes => [.. held.Bytes.Select(b => (byte)~b)],
            PeerFault.ShortBytes => held.Bytes[..^1],
            PeerFault.LongBytes => [.. held.Bytes, 0],
            _ => held.Bytes,
        };
    }, cancellationToken));

    public Task<NetworkAccount?> AccountAsync(string secret, CancellationToken cancellationToken) => AskAsync(secret, Request.Question, () => Account, cancellationToken);

    public Task DeleteAsync(string secret, string transaction, CancellationToken cancellationToken) => AskAsync(secret, Request.Deletion, () => items.Remove(transaction), cancellationToken);

    /// <summary>Forgets an item, not that it was paid for.</summary>
    public void Lose(string transaction)
    {
        lock (gate) items.Remove(transaction);
    }

    public void Damage(string transaction)
    {
        lock (gate) items[transaction] = items[transaction] with { Bytes = [.. items[transaction].Bytes.Select(b => (byte)~b)] };
    }

    private Task<T> CountedAsync<T>(Func<Task<T>> ask)
    {
        Interlocked.Increment(ref readCount);
        return ask();
    }

    private async Task<T> AskAsync<T>(string secret, Request request, Func<T> ask, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Bug is { } bug) throw bug;
        if (secret != Secret) throw Refused(BackendErrorKind.Unauthorized, 401);
        switch (Fault)
        {
            case PeerFault.ServerError: throw Refused(BackendErrorKind.Transient, 500);
            case PeerFault.Unavailable: throw Refused(BackendErrorKind.Transient, 503);
            case PeerFault.Throttles: throw Refused(BackendErrorKind.Throttled, 429);
            case PeerFault.RefusesCredentials: throw Refused(BackendErrorKind.Unauthorized, 401);
            case PeerFault.OutOfFunds when request == Request.Payment: throw Refused(BackendErrorKind.Funds, 402);
            case PeerFault.OutOfSpace when request == Request.Payment: throw Refused(BackendErrorKind.Full, 507);
            case PeerFault.Hangs:
                await Task.Delay(Timeout.Infinite, cancellationToken);
                break;
        }

        T answer;
        lock (gate) answer = ask();
        return Fault == PeerFault.LosesAnswers && request != Request.Question ? throw Refused(BackendErrorKind.Transient, 502) : answer;
    }

    private static BackendException Refused(BackendErrorKind kind, int status) => new(kind, string.Create(CultureInfo.InvariantCulture, $"The network answers {status}."));

    private enum Request
    {
        Question,
        Payment,
        Deletion,
    }

    private sealed record Held(byte[] Bytes, DateTimeOffset Stored);
}
