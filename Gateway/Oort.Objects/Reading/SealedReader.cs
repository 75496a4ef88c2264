using System.IO.Pipelines;
using System.Security.Cryptography;
using Oort.Metadata;

namespace Oort.Objects.Reading;

/// <summary>Reads the chunks of a data id as they are sealed: for data that only its customer's key opens. Every cell is checked against its tag, since nothing else tells whether the bytes are right.</summary>
internal sealed class SealedReader(DataPath path, DataLocation location)
{
    /// <summary>Writes them all, run after run, and completes the writer.</summary>
    /// <returns>SHA-256 of what was written.</returns>
    /// <exception cref="ObjectUnavailableException">Too few cells of a stripe are what was written.</exception>
    public async ValueTask<byte[]> CopyToAsync(PipeWriter destination, CancellationToken cancellationToken)
    {
        using var pin = path.Pins.Pin([.. location.Segments.Keys]);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var run in location.Data.Runs)
        {
            var segment = new OpenSegment(path, location.Segments[run.Segment]);
            for (var done = 0L; done < run.Length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var offset = run.Offset + done;
                var stripe = segment.Layout.Locate(offset).Stripe;
                using var bytes = await new VerifiedStripe(path, segment, stripe).ReadAsync(cancellationToken);
                var wanted = bytes.Payload[(int)(offset - segment.Layout.StripeOffset(stripe))..];
                wanted = wanted[..(int)Math.Min(wanted.Length, run.Length - done)];
                hash.AppendData(wanted.Span);
                var flushed = await destination.WriteAsync(wanted, cancellationToken);
                if (flushed.IsCompleted) throw new OperationCanceledException("Nobody takes the bytes any more.");
                done += wanted.Length;
            }
        }

        await destination.CompleteAsync();
        return hash.GetHashAndReset();
    }
}
