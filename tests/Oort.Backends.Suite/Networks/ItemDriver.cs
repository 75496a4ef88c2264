using System.Security.Cryptography;
using System.Text;
using Shouldly;

namespace Oort.Backends.Suite;

/// <summary>Takes an item through a network as the gateway does: a step, its result is stored, the next; and sometimes it is not stored.</summary>
/// <remarks>Every item and failure that comes by is looked through for what must not be in it.</remarks>
public sealed class ItemDriver
{
    /// <summary>More steps than any item of the suite needs: one that gets no further ends here.</summary>
    private const int StepCountMax = 500;

    private readonly NetworkHarness harness;

    public ItemDriver(NetworkHarness harness, byte[] content, int number)
    {
        this.harness = harness;
        Content = content;
        Source = new(content);
        Item = new() { Id = new((UInt128)number), Length = content.Length, Sha256 = SHA256.HashData(content), NextStep = harness.Time.GetUtcNow() };
    }

    public byte[] Content { get; }

    public MemorySource Source { get; set; }

    /// <summary>As it is stored.</summary>
    public NetworkItem Item { get; private set; }

    /// <summary>Every state that was stored, one after the other.</summary>
    public List<ItemState> Seen { get; } = [ItemState.Planned];

    /// <summary>Takes the next step when it is due, and does not store what it gives: as a gateway that is killed then.</summary>
    public async Task<NetworkItem> TryAsync(CancellationToken cancellationToken = default)
    {
        var wait = Item.NextStep - harness.Time.GetUtcNow();
        if (wait > TimeSpan.Zero) await harness.AdvanceAsync(wait);
        var before = ItemStates.Resumed(Item);
        var isSent = before.State is not (ItemState.Planned or ItemState.Uploading);
        var reads = Source.ReadCount;
        // The token is the backend's to heed.
        var after = await AskAsync(() => harness.Backend.StepAsync(before, Source, cancellationToken));
        if (isSent) Source.ReadCount.ShouldBe(reads, $"the bytes of an item that is {before.State} are asked for, which may be gone");
        Look(after);
        return ItemStates.Worked(before, after);
    }

    /// <summary>Takes a step and stores what it gives.</summary>
    public async Task StepAsync() => Store(await TryAsync());

    /// <summary>Takes a step; if it fails, the item is stored as what the failure makes of it.</summary>
    /// <returns>The failure; null: it worked.</returns>
    public async Task<BackendException?> StepOrFailAsync()
    {
        try
        {
            await StepAsync();
            return null;
        }
        catch (BackendException failure)
        {
            Store(ItemStates.Failed(Item, failure, harness.Time.GetUtcNow()));
            return failure;
        }
    }

    /// <summary>Steps until the item is in a state.</summary>
    /// <param name="isKilled">Whether each step is taken, forgotten, and taken again by a gateway that was started anew.</param>
    public async Task RunAsync(ItemState until, bool isKilled = false)
    {
        for (var count = 0; Item.State != until; count++)
        {
            count.ShouldBeLessThan(StepCountMax, $"the item is still {Item.State} and not {until}: {Item.Reason}");
            if (isKilled)
            {
                await TryAsync();
                await harness.RestartAsync();
            }

            await StepAsync();
        }
    }

    /// <summary>Steps until the item can be counted on, is given up, or fails again and again.</summary>
    public async Task RunToAnEndAsync()
    {
        const int failureCountMax = 5;
        for (var count = 0; Item.State is not (ItemState.Sealed or ItemState.FailedFinal) && Item.FailureCount < failureCountMax; count++)
        {
            count.ShouldBeLessThan(StepCountMax);
            await StepOrFailAsync();
        }
    }

    /// <summary>All of it, as the network gives it.</summary>
    public async Task<byte[]> ReadAsync(int offset = 0, int? length = null)
    {
        var bytes = new byte[length ?? Content.Length];
        return bytes[..await AskAsync(() => harness.Backend.ReadAsync(Item.Receipt!, offset, bytes, CancellationToken.None))];
    }

    public async Task<NetworkEvidence> VerifyAsync(VerifyDepth depth)
    {
        var evidence = await AskAsync(() => harness.Backend.VerifyAsync(Item, depth, CancellationToken.None));
        Look(evidence.Text);
        return evidence;
    }

    public Task<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync() => AskAsync(() => harness.Backend.DeleteAsync(Item, CancellationToken.None));

    public async Task TestAsync() => await AskAsync(async () =>
    {
        await harness.Backend.TestAsync(CancellationToken.None);
        return 0;
    });

    /// <summary>What the backend answers in time; fails if its failure tells a secret, or nothing.</summary>
    private async Task<T> AskAsync<T>(Func<ValueTask<T>> ask)
    {
        try
        {
            return await ask().AsTask().WaitAsync(harness.Patience);
        }
        catch (BackendException failure)
        {
            failure.Message.ShouldNotBeNullOrWhiteSpace();
            Look(failure.ToString());
            throw;
        }
    }

    private void Store(NetworkItem item)
    {
        Item = item;
        if (Seen[^1] != item.State) Seen.Add(item.State);
    }

    private void Look(NetworkItem item)
    {
        Look(item.Reason);
        Look(item.Progress.Span);
        if (item.Receipt is not { } receipt) return;
        receipt.Locator.Length.ShouldBeInRange(1, NetworkReceipt.LocatorSizeMax);
        receipt.Answer.Length.ShouldBeLessThanOrEqualTo(NetworkReceipt.AnswerSizeMax);
        receipt.Address.ShouldNotBeNullOrWhiteSpace();
        Look(receipt.Provider);
        Look(receipt.Address);
        Look(receipt.Transaction);
        Look(receipt.Locator.Span);
        Look(receipt.Answer.Span);
    }

    private void Look(ReadOnlySpan<byte> bytes)
    {
        foreach (var secret in harness.Secrets) bytes.IndexOf(Encoding.UTF8.GetBytes(secret)).ShouldBe(-1, "a secret is stored with the item");
    }

    private void Look(string text)
    {
        foreach (var secret in harness.Secrets) text.Contains(secret, StringComparison.Ordinal).ShouldBeFalse("a secret is told");
    }
}
