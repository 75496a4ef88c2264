using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Rounds of background work that only one gateway of a cluster does at a time.</summary>
/// <remarks>A round is cancelled when its lease can no longer be renewed in time: another gateway may have begun. The work is safe beside another all the same (all of it decides in the database); the lease spares doing it twice.</remarks>
public sealed class LeasedRound(IMetadataStore metadata, string holder, TimeProvider time)
{
    /// <summary>How long a lease outlives a gateway that has died.</summary>
    private static readonly TimeSpan duration = TimeSpan.FromMinutes(1);

    /// <summary>Runs a round, unless another gateway has the lease: then it is that one's turn.</summary>
    /// <exception cref="MetadataUnavailableException">The lease was lost, or cannot be asked for.</exception>
    public async Task RunAsync(string name, Func<CancellationToken, Task> round, CancellationToken cancellationToken)
    {
        if (await metadata.TryTakeLeaseAsync(name, holder, duration, cancellationToken) is not { } lease) return;
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var renewal = RenewAsync(lease, lost);
        try
        {
            await round(lost.Token);
        }
        catch (OperationCanceledException failure) when (lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new MetadataUnavailableException($"The lease {name} was lost.", failure);
        }
        finally
        {
            await lost.CancelAsync();
            await renewal;
            await ReleaseAsync(lease);
        }
    }

    /// <summary>Lets another gateway go on at once; where that cannot be told, the lease ends by itself.</summary>
    private async Task ReleaseAsync(Lease lease)
    {
        try
        {
            await metadata.ReleaseLeaseAsync(lease, CancellationToken.None);
        }
        catch (MetadataUnavailableException)
        {
            // The round's own outcome is what counts.
        }
    }

    private async Task RenewAsync(Lease lease, CancellationTokenSource lost)
    {
        long held = time.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(duration / 4, time, lost.Token);
                var asked = time.GetTimestamp();
                try
                {
                    if (!await metadata.RenewLeaseAsync(lease, duration, lost.Token)) break;
                    held = asked;
                }
                catch (MetadataUnavailableException) when (time.GetElapsedTime(held) < duration / 2)
                {
                    // It still holds for a while; the next renewal may succeed.
                    continue;
                }
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or MetadataUnavailableException)
        {
            // The round has ended, or must: below.
            held = 0;
        }

        await lost.CancelAsync();
    }
}
