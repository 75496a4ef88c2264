using Microsoft.Extensions.Logging;
using Oort.Metadata;

namespace Oort.Gateway.Locks;

/// <summary>Has the mark of the clock that retentions end by follow the machine's clock, as long as that is believed (docs/formats/lock-clock.md).</summary>
internal sealed partial class LockClockKeeper : IAsyncDisposable
{
    private readonly IMetadataStore metadata;
    private readonly TimeProvider time;
    private readonly ILogger<LockClockKeeper> logger;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task running;

    public LockClockKeeper(IMetadataStore metadata, TimeProvider time, ILogger<LockClockKeeper> logger)
    {
        (this.metadata, this.time, this.logger) = (metadata, time, logger);
        running = Task.Run(RunAsync);
    }

    public async ValueTask<LockClock> ReadAsync(CancellationToken cancellationToken) => LockClock.At(await metadata.GetSettingAsync(LockClock.SettingName, cancellationToken), time.GetUtcNow());

    /// <summary>Moves the mark to the clock, if nothing is wrong with that.</summary>
    public ValueTask FollowAsync(CancellationToken cancellationToken) => MoveAsync(static (clock, now) => !clock.IsPaused && now - clock.Mark >= LockClock.MarkInterval, cancellationToken);

    /// <summary>Moves it however far the clock is ahead: an operator has said that the clock is right.</summary>
    public ValueTask ConfirmAsync(CancellationToken cancellationToken) => MoveAsync(static (clock, now) => clock.Mark is null || now > clock.Mark, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    private async ValueTask MoveAsync(Func<LockClock, DateTimeOffset, bool> isDue, CancellationToken cancellationToken) =>
        await metadata.ChangeSettingAsync(LockClock.SettingName, mark => isDue(LockClock.At(mark, time.GetUtcNow()), time.GetUtcNow()) ? LockClock.Encode(time.GetUtcNow()) : mark, cancellationToken);

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(LockClock.MarkInterval, time);
        try
        {
            do await TickAsync();
            while (await timer.WaitForNextTickAsync(stopping.Token));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The gateway ends; the mark is as of ten minutes ago at most.
        }
    }

    private async Task TickAsync()
    {
        try
        {
            // Without a mark nothing was ever locked.
            if (await metadata.GetSettingAsync(LockClock.SettingName, stopping.Token) is null) return;
            await FollowAsync(stopping.Token);
            if (await ReadAsync(stopping.Token) is { IsPaused: true } clock) LogPaused(logger, time.GetUtcNow(), clock.Mark);
        }
        catch (MetadataUnavailableException e)
        {
            LogUnavailable(logger, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The clock says {Now}, but was last seen at {Mark}: no retention of a locked version ends until it is set right, or `oort clock confirm` says that it is.")]
    private static partial void LogPaused(ILogger logger, DateTimeOffset now, DateTimeOffset? mark);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The clock of locks cannot be written down now: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string reason);
}
