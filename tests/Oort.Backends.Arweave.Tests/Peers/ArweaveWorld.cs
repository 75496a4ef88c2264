using Oort.Backends.Arweave.Tests.Support;
using Oort.S3.Tests;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Peers;

/// <summary>A weave with nodes, gateways and a bundler, and a backend that takes its steps as its owner would: each stored before the next.</summary>
internal sealed class ArweaveWorld : IAsyncDisposable
{
    public static readonly TimeSpan Stall = TimeSpan.FromSeconds(30);

    private ArweaveWorld(bool isDirect, Func<ArweaveOptions, ArweaveOptions>? change)
    {
        Bundler = new(Weave);
        Nodes = [new(Weave), new(Weave)];
        Gateways = [new(Weave), new(Weave)];
        var options = new ArweaveOptions
        {
            Bundler = Bundler.Endpoint,
            Nodes = isDirect ? [.. Nodes.Select(node => node.Endpoint)] : [],
            Gateways = [.. Gateways.Select(gateway => gateway.Endpoint)],
            StallTimeout = Stall,
            UsdPerAr = 10,
        };
        if (change is not null) options = change(options);
        Backend = isDirect ? ArweaveBackend.Direct(options, Wallets.Own, Time) : ArweaveBackend.ThroughBundler(options, Wallets.Own, Time);
        Options = options;
    }

    public static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    public FakeTime Time { get; } = new(Start);

    public Weave Weave { get; } = new();

    public FakeBundler Bundler { get; }

    public FakeNode[] Nodes { get; }

    public FakeGateway[] Gateways { get; }

    public ArweaveOptions Options { get; }

    public ArweaveBackend Backend { get; }

    /// <summary>Takes every step twice from the same item, as after a crash before it was stored.</summary>
    public bool IsCrashing { get; set; }

    public static ArweaveWorld Bundled(Func<ArweaveOptions, ArweaveOptions>? change = null) => new(false, change);

    public static ArweaveWorld Direct(Func<ArweaveOptions, ArweaveOptions>? change = null)
    {
        var world = new ArweaveWorld(true, change);
        world.Weave.Pay(Wallets.Own.Address, 1_000_000_000);
        return world;
    }

    /// <summary>One step; a failure makes of the item what it makes of it everywhere.</summary>
    public async Task<NetworkItem> StepAsync(NetworkItem item, IItemSource source)
    {
        try
        {
            if (IsCrashing) await Backend.StepAsync(item, source, CancellationToken.None);
            var next = await Backend.StepAsync(item, source, CancellationToken.None);
            ItemStates.CanBecome(ItemStates.Resumed(item).State, next.State).ShouldBeTrue($"{item.State} to {next.State}");
            next.Progress.Length.ShouldBeLessThanOrEqualTo(NetworkItem.ProgressSizeMax);
            (next.Receipt?.Locator.Length ?? 0).ShouldBeLessThanOrEqualTo(NetworkReceipt.LocatorSizeMax);
            (next.Receipt?.Answer.Length ?? 0).ShouldBeLessThanOrEqualTo(NetworkReceipt.AnswerSizeMax);
            (next.ResumeState, next.FailureCount, next.Reason).ShouldBe((next.State, 0, ""));
            return next;
        }
        catch (BackendException e)
        {
            e.ToString().ShouldNotContain(Vectors.Read("wallet").GetProperty("d").GetString()![..20]);
            return ItemStates.Failed(item, e, Time.GetUtcNow());
        }
    }

    /// <summary>Steps until a state is reached; while the item waits, time passes and, where a test says so, a block comes.</summary>
    public async Task<NetworkItem> RunAsync(NetworkItem item, IItemSource source, ItemState until, bool isMining = true)
    {
        for (var step = 0; step < 400 && item.State != until; step++)
        {
            if (item.State == ItemState.FailedFinal) throw new InvalidOperationException(item.Reason);
            if (item.NextStep > Time.GetUtcNow())
            {
                Time.Advance(item.NextStep - Time.GetUtcNow());
                if (isMining) Weave.Mine();
            }

            item = await StepAsync(item, source);
        }

        item.State.ShouldBe(until, item.Reason);
        return item;
    }

    public async ValueTask DisposeAsync()
    {
        await Backend.DisposeAsync();
        await Bundler.DisposeAsync();
        foreach (var node in Nodes) await node.DisposeAsync();
        foreach (var gateway in Gateways) await gateway.DisposeAsync();
    }
}
