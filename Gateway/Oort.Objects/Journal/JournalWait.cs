using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Waits for the journal.</summary>
internal static class JournalWait
{
    private static readonly TimeSpan timeout = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns when the journal holds everything up to a generation.</summary>
    /// <exception cref="MetadataUnavailableException">It did not within a minute.</exception>
    public static async Task WaitForJournalAsync(this IMetadataStore metadata, ulong generation, TimeProvider time, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (metadata.JournalledGeneration < generation)
        {
            if (time.GetElapsedTime(begun) > timeout) throw new MetadataUnavailableException("The journal did not reach the database's state in time.");
            await Task.Delay(interval, time, cancellationToken);
        }
    }
}
