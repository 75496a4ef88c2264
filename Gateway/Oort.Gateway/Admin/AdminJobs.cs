using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Oort.Gateway;

/// <summary>A long task that an operator started, as the admin API shows it.</summary>
/// <param name="State">"running", "done" or "failed".</param>
/// <param name="Done">Steps done; of <paramref name="Total"/>, which may grow while it runs.</param>
/// <param name="Message">Why it failed; otherwise null.</param>
/// <param name="Result">What it answers once done.</param>
public sealed record AdminJob(string Id, string Kind, string State, long Done, long Total, string? Message, object? Result);

/// <summary>Runs long tasks one of a kind at a time and remembers how the last ones ended.</summary>
public sealed partial class AdminJobs(ILogger<AdminJobs> logger) : IAsyncDisposable
{
    /// <summary>Ended jobs that are remembered; the oldest go first.</summary>
    private const int RememberedMax = 32;

    private readonly ConcurrentDictionary<string, AdminJob> _jobs = new();
    private readonly ConcurrentDictionary<string, Task> _running = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private long _counter;

    /// <summary>What a task calls to say how far it is.</summary>
    public delegate void ReportProgress(long done, long total);

    public AdminJob? Find(string id) => _jobs.GetValueOrDefault(id);

    /// <summary>Starts a task, or answers the one of that kind that is running.</summary>
    public AdminJob Start(string kind, Func<ReportProgress, CancellationToken, Task<object>> task)
    {
        lock (_lock)
        {
            if (_jobs.Values.FirstOrDefault(j => j.Kind == kind && j.State == "running") is { } same) return same;
            foreach (var old in _jobs.Values.Where(j => j.State != "running").OrderByDescending(j => Number(j.Id)).Skip(RememberedMax)) _jobs.TryRemove(old.Id, out _);
            var job = new AdminJob((++_counter).ToString(CultureInfo.InvariantCulture), kind, "running", 0, 0, null, null);
            _jobs[job.Id] = job;
            _running[job.Id] = Task.Run(() => RunAsync(job, task));
            return job;
        }
    }

    private static long Number(string id) => long.Parse(id, CultureInfo.InvariantCulture);

    private async Task RunAsync(AdminJob job, Func<ReportProgress, CancellationToken, Task<object>> task)
    {
        try
        {
            var result = await task((done, total) => _jobs[job.Id] = _jobs[job.Id] with { Done = done, Total = total }, _stopping.Token);
            _jobs[job.Id] = _jobs[job.Id] with { State = "done", Result = result };
        }
        catch (Exception e)
        {
            // The operator is told through the job; nobody else waits for it.
            LogFailed(e, job.Kind, job.Id);
            _jobs[job.Id] = _jobs[job.Id] with { State = "failed", Message = $"The {job.Kind} ended early: {e.Message}" };
        }
        finally
        {
            _running.TryRemove(job.Id, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_running.Values);
        _stopping.Dispose();
    }

    [LoggerMessage(LogLevel.Error, "The {Kind} (job {Id}) ended early.")]
    private partial void LogFailed(Exception exception, string kind, string id);
}
