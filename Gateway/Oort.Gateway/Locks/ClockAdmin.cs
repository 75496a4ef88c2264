using Microsoft.AspNetCore.Http;
using Oort.Metadata;

namespace Oort.Gateway.Locks;

/// <summary>Answer of <c>GET clock</c>.</summary>
/// <param name="Now">The machine's clock.</param>
/// <param name="Mark">Highest time that was written down; null: none was.</param>
/// <param name="Time">By which retentions end.</param>
/// <param name="State">"unused": nothing was ever locked; "running"; "behind": the clock is behind the mark; "paused": it is too far ahead, and nothing unlocks.</param>
public sealed record ClockModel(DateTimeOffset Now, DateTimeOffset? Mark, DateTimeOffset Time, string State);

/// <summary>Body of <c>POST clock/confirm</c>.</summary>
/// <param name="Now">The time that it is, to the minute or so: the clock must say the same.</param>
public sealed record ConfirmClockRequest(DateTimeOffset? Now);

/// <summary>The part of the admin API about the clock of locks.</summary>
internal sealed class ClockAdmin(LockClockKeeper keeper, IMetadataStore metadata, TimeProvider time)
{
    /// <summary>How far the clock may be from what the operator says that it is.</summary>
    private static readonly TimeSpan differenceMax = TimeSpan.FromMinutes(5);

    public async ValueTask<ClockModel> ShowAsync(CancellationToken cancellationToken)
    {
        var setting = await metadata.GetSettingAsync(LockClock.SettingName, cancellationToken);
        var now = time.GetUtcNow();
        var clock = LockClock.At(setting, now);
        return new(now, clock.Mark, clock.Time, setting is null ? "unused" : clock.IsPaused ? "paused" : clock.Mark > now ? "behind" : "running");
    }

    public async ValueTask<ClockModel> ConfirmAsync(ConfirmClockRequest request, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (request.Now is not { } said || (said - now).Duration() > differenceMax)
            throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", $"\"now\" must be the time that it is, and within {differenceMax.TotalMinutes} minutes of the gateway's clock, which says {now:O}. Set the clock right first.");
        await keeper.ConfirmAsync(cancellationToken);
        return await ShowAsync(cancellationToken);
    }
}
