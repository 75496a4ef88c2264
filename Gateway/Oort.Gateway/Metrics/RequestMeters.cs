using System.Diagnostics.Metrics;
using Oort.S3;

namespace Oort.Gateway;

/// <summary>Counts S3 requests as they end.</summary>
internal static class RequestMeters
{
    private static readonly Meter Meter = new("Oort.Gateway.Requests");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("oort.s3.requests", description: "Requests by operation and status.");
    private static readonly Counter<long> Received = Meter.CreateCounter<long>("oort.s3.received.bytes", description: "Body bytes received, by operation.");
    private static readonly Counter<long> Sent = Meter.CreateCounter<long>("oort.s3.sent.bytes", description: "Body bytes sent, by operation.");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("oort.s3.duration.seconds", description: "From the request's head to the end of its answer, by operation.");

    public static void Count(S3Completion request)
    {
        var operation = new KeyValuePair<string, object?>("operation", Names[(int)request.Operation]);
        Requests.Add(1, operation, new KeyValuePair<string, object?>("status", request.Status));
        Received.Add(request.BytesReceived, operation);
        Sent.Add(request.BytesSent, operation);
        Duration.Record(request.Duration.TotalSeconds, operation);
    }

    // Enum.ToString allocates on every call; operations are few.
    private static readonly string[] Names = [.. Enumerable.Range(0, (int)Enum.GetValues<S3Operation>().Max() + 1).Select(i => ((S3Operation)i).ToString())];
}
