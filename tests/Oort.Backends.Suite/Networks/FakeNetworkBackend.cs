using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Backends.Suite;

/// <summary>The backend of <see cref="FakeNetwork"/>: the smallest that keeps the contract, and so an example of it.</summary>
/// <remarks>
/// Planned: 1. signs a transaction; 2. sends it, with the bytes: Accepted. 3. Accepted: Pending. 4. Pending: asks until it is stored: Confirmed. What was dropped is planned anew.
/// 5. Confirmed: reads it back: Sealed. 6. Sealed: asks now and then whether it is there.
/// </remarks>
public sealed class FakeNetworkBackend(FakeNetwork network, string secret, TimeProvider time) : INetworkBackend
{
    private static readonly TimeSpan askDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan lookDelay = TimeSpan.FromDays(1);

    /// <summary>How long an answer may take. In real time: nothing here hangs but on purpose.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromMilliseconds(100);

    public NetworkTraits Traits { get; init; } = new() { Kind = "fake", ItemLengthMax = 1 << 24, AddressKind = AddressKind.Transaction, ReadsRanges = true, Proofs = ProofKinds.Claim | ProofKinds.ReadBack, IsPublic = false };

    public string Location => "memory";

    public async ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var now = time.GetUtcNow();
        switch (item.State)
        {
            // 1.
            case ItemState.Planned when item.Progress.IsEmpty:
                return item with { Progress = RandomNumberGenerator.GetBytes(16), NextStep = now };
            // 2.
            case ItemState.Planned:
                var transaction = Convert.ToHexStringLower(item.Progress.Span);
                var bytes = await LoadAsync(item, source, cancellationToken);
                await WithPatienceAsync(token => network.SendAsync(secret, transaction, bytes, token), cancellationToken);
                var receipt = new NetworkReceipt { Locator = Encoding.ASCII.GetBytes($"{transaction} {item.Length.ToString(CultureInfo.InvariantCulture)}"), Address = transaction, Transaction = transaction, Paid = 1, PaidUnit = "coin", Accepted = now };
                return item with { State = ItemState.Accepted, Receipt = receipt, NextStep = now };
            // 3.
            case ItemState.Accepted:
                return item with { State = ItemState.Pending, NextStep = now };
            // 4.
            case ItemState.Pending:
                return await WithPatienceAsync(token => network.StatusAsync(secret, item.Receipt!.Transaction, token), cancellationToken) switch
                {
                    null => item with { State = ItemState.Planned, Progress = default, Receipt = null, NextStep = now },
                    false => item with { NextStep = now + askDelay },
                    true => item with { State = ItemState.Confirmed, NextStep = now },
                };
            // 5.
            case ItemState.Confirmed:
                if (await IsRightAsync(item, cancellationToken) is { } wrong) throw wrong;
                return item with { State = ItemState.Sealed, NextStep = now + lookDelay };
            // 6.
            case ItemState.Sealed:
                if (await WithPatienceAsync(token => network.StatusAsync(secret, item.Receipt!.Transaction, token), cancellationToken) is null) throw NotFound(item.Receipt!);
                return item with { NextStep = now + lookDelay };
            default:
                throw new ArgumentException($"There is no step from {item.State}.", nameof(item));
        }
    }

    public async ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var length = long.Parse(Encoding.ASCII.GetString(receipt.Locator.Span).Split(' ')[1], CultureInfo.InvariantCulture);
        var bytes = await WithPatienceAsync(token => network.ReadAsync(secret, receipt.Transaction, token), cancellationToken) ?? throw NotFound(receipt);
        if (bytes.Length != length) throw new BackendException(BackendErrorKind.Corrupt, $"Item {receipt.Address} has {length} bytes, and {bytes.Length} came.");
        if (offset >= length) return 0;
        var count = (int)Math.Min(destination.Length, length - offset);
        bytes.AsMemory((int)offset, count).CopyTo(destination);
        return count;
    }

    public async ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken)
    {
        if (depth == VerifyDepth.Exists)
        {
            var isThere = await WithPatienceAsync(token => network.StatusAsync(secret, item.Receipt!.Transaction, token), cancellationToken) is not null;
            return new(isThere, ProofKinds.Claim, 0, isThere ? "The network says that it is there." : "The network says that it is not there.");
        }

        return await IsRightAsync(item, cancellationToken) is { } wrong ? new(false, ProofKinds.ReadBack, 0, wrong.Message) : new(true, ProofKinds.ReadBack, item.Length, "All of it was read and is right.");
    }

    public async ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        // Sent or not: what was signed may have been.
        if (!item.Progress.IsEmpty) await WithPatienceAsync(token => network.DeleteAsync(secret, Convert.ToHexStringLower(item.Progress.Span), token), cancellationToken);
        return (DeleteOutcome.Deleted, null);
    }

    public ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken) => new(network.Prices with { AsOf = time.GetUtcNow(), IsLive = true });

    public async ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => await WithPatienceAsync(token => network.AccountAsync(secret, token), cancellationToken);

    public async ValueTask TestAsync(CancellationToken cancellationToken) => await WithPatienceAsync(token => network.StatusAsync(secret, "", token), cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<byte[]> LoadAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        var bytes = new byte[item.Length];
        var count = await source.ReadAsync(0, bytes, cancellationToken);
        if (count != bytes.Length || source.Length != bytes.Length || !SHA256.HashData(bytes).AsSpan().SequenceEqual(item.Sha256.Span)) throw new BackendException(BackendErrorKind.Corrupt, $"The source of item {item.Id} has other bytes.");
        return bytes;
    }

    /// <returns>Why not; null: it is.</returns>
    private async Task<BackendException?> IsRightAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        var bytes = await WithPatienceAsync(token => network.ReadAsync(secret, item.Receipt!.Transaction, token), cancellationToken);
        if (bytes is null) return NotFound(item.Receipt!);
        return SHA256.HashData(bytes).AsSpan().SequenceEqual(item.Sha256.Span) ? null : new(BackendErrorKind.Corrupt, $"Item {item.Id} was read back with other bytes.");
    }

    private static BackendException NotFound(NetworkReceipt receipt) => new(BackendErrorKind.NotFound, $"The network has no item {receipt.Address}.");

    private static async Task WithPatienceAsync(Func<CancellationToken, Task> ask, CancellationToken cancellationToken) => await WithPatienceAsync(async token =>
    {
        await ask(token);
        return 0;
    }, cancellationToken);

    private static async Task<T> WithPatienceAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        watch.CancelAfter(patience);
        try
        {
            return await ask(watch.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BackendException(BackendErrorKind.Transient, $"The network did not answer within {patience.TotalMilliseconds} ms.", e);
        }
    }
}
