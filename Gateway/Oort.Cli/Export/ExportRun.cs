using System.Collections.Concurrent;
using Oort.S3.Client;

namespace Oort.Cli.Export;

/// <summary>Walks a bucket and copies several objects at once; one that fails stops no other.</summary>
internal static class ExportRun
{
    /// <summary>Failures that are told by name.</summary>
    private const int FailureCountMax = 200;

    public static async Task<ExportReport> CopyAsync(S3Client source, string bucket, string prefix, IExportTarget target, int concurrency, CancellationToken cancellationToken)
    {
        long copied = 0, present = 0, failed = 0, bytes = 0;
        var failures = new ConcurrentQueue<ExportFailure>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(source.ListObjectsAsync(bucket, prefix, null, cancellationToken), options, async (item, token) =>
        {
            try
            {
                if (await target.CopyAsync(item, token))
                {
                    Interlocked.Increment(ref copied);
                    Interlocked.Add(ref bytes, item.Size);
                }
                else
                {
                    Interlocked.Increment(ref present);
                }
            }
            catch (Exception e) when (e is S3ClientException or S3BodyException or IOException or UnauthorizedAccessException && !token.IsCancellationRequested)
            {
                if (Interlocked.Increment(ref failed) <= FailureCountMax) failures.Enqueue(new(item.Key, e.Message));
            }
        });
        return new(copied, present, failed, bytes, [.. failures]);
    }
}
