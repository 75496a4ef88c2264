using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Background loops that outlive their failures: what goes wrong in one round is logged, and the next round comes.</summary>
internal sealed class Workers(TimeProvider time, ILogger<Workers> logger) : IAsyncDisposable
{
    /// <summary>Pause after a round that failed, so that a lasting fault does not fill the log.</summary>
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource stopping = new();
    private readonly List<Task> running = [];

    /// <summary>Starts a loop: a round, a pause, the next round.</summary>
    public void Every(string name, TimeSpan firstDelay, TimeSpan interval, Func<CancellationToken, Task> round) =>
        running.Add(Task.Run(() => LoopAsync(name, firstDelay, interval, round)));

    /// <summary>Ends all loops and waits for the rounds under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running);
        stopping.Dispose();
    }

    private async Task LoopAsync(string name, TimeSpan firstDelay, TimeSpan interval, Func<CancellationToken, Task> round)
    {
        var pause = firstDelay;
        while (true)
        {
            try
            {
                await Task.Delay(pause, time, stopping.Token);
                await round(stopping.Token);
                pause = interval;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is MetadataUnavailableException or BackendException or IOException or TimeoutException)
            {
                logger.LogWarning(failure, "{Worker} waits: {Reason}", name, failure.Message);
                pause = FailurePause;
            }
            catch (Exception failure)
            {
                // A bug: it must be seen, and must not end the work for all time.
                logger.LogError(failure, "{Worker} failed.", name);
                pause = FailurePause;
            }
        }
    }
}
