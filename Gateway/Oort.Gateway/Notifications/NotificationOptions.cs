namespace Oort.Gateway.Notifications;

/// <summary>How events are sent.</summary>
internal sealed record NotificationOptions
{
    /// <summary>Whether webhooks may lie on this machine and in its networks (loopback, private, link-local). Default: no, since what listens there may take the gateway for somebody it trusts.</summary>
    public bool AllowsLocal { get; init; }

    /// <summary>How long a webhook may take to answer. Default 10 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>First pause before an event is sent again; doubles, and up to half of it is left out by chance. Default 1 s.</summary>
    public TimeSpan RetryDelayMin { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest pause. Default 5 minutes.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Attempts after which an event is given up, since this gateway began to send it. Default 500: more than a day has at the longest pause.</summary>
    public int AttemptCountMax { get; init; } = 500;

    /// <summary>Age after which an event that could not be sent is given up. Default a day.</summary>
    public TimeSpan AgeMax { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Events of one target that are being sent at once, each of another key. Default 8.</summary>
    public int ParallelMax { get; init; } = 8;

    /// <summary>Oldest events of one target among which the next to be sent are chosen. Default 1,000: one page.</summary>
    public int WindowMax { get; init; } = 1_000;

    /// <summary>Given-up events that are kept for one target; beyond it the oldest goes. Default 10,000.</summary>
    public int DeadMax { get; init; } = 10_000;

    /// <summary>Pause between two looks for events that others have queued: from the first, after one of this gateway's own, doubling to the second.</summary>
    public TimeSpan PollMin { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <inheritdoc cref="PollMin"/>
    public TimeSpan PollMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Pause between two looks whether this gateway is the one that sends. Default 15 s.</summary>
    public TimeSpan LeasePause { get; init; } = TimeSpan.FromSeconds(15);
}
