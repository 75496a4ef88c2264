namespace Oort.Objects.Networks;

/// <summary>How items on outside networks are made and taken further.</summary>
public sealed record NetworkOptions
{
    /// <summary>Opens networks; null: this program speaks to none.</summary>
    public INetworkFactory? Factory { get; init; }

    /// <summary>Pause between two looks which items have a step due.</summary>
    public TimeSpan StepInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause between two looks at all segments whether shards of them should go to networks; new segments are looked for with each step.</summary>
    public TimeSpan PlanInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Items whose steps are taken at the same time.</summary>
    public int Parallelism { get; init; } = 4;

    /// <summary>Bytes of a bundle at which it is closed, where the network does not take less.</summary>
    public long BundleBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>How long shards wait for others to be bundled with. They are on hot stores meanwhile.</summary>
    public TimeSpan BundleWait { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A bundle of which less than this share of its bytes is still wanted is made anew without the rest, on networks that delete. At a half, keeping costs at most twice what is wanted, and what is copied is never more than what becomes free.</summary>
    public double CompactBelow { get; init; } = 0.5;

    /// <summary>Within which time it has to save what it costs, by the network's prices: objects that stay are expected to stay for a year more.</summary>
    public TimeSpan CompactHorizon { get; init; } = TimeSpan.FromDays(360);

    /// <summary>Pause between two looks at a network's bundles for those: a pass over the rows of all that is in its items.</summary>
    public TimeSpan CompactInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Bytes of blocks read from networks that are kept at most, as far as an eighth of the buffer budget has them; less than 1 MiB: reads are not made in blocks.</summary>
    public long CacheBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Pause between two looks at what is on networks, and how it gets on: a pass over the rows of all items.</summary>
    public TimeSpan WatchInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Pause between two times that a network is asked for its account.</summary>
    public TimeSpan AccountInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>An account that lasts less long is warned of: long enough for a purchase, a transfer and a holiday.</summary>
    public TimeSpan AccountWarning { get; init; } = TimeSpan.FromDays(45);

    /// <summary>An account that lasts less long is urgent.</summary>
    public TimeSpan AccountAlarm { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Bytes a second that are read from hot stores at most to plan items; 0: no limit.</summary>
    public long BytesPerSecond { get; init; } = 64L * 1024 * 1024;
}
