using System.Diagnostics.Tracing;
using System.Globalization;

namespace Oort.Benchmarks.Cluster;

/// <summary>Bytes that this process has sent and received over sockets, as the runtime's own counters say (event source System.Net.Sockets), twice a second.</summary>
internal sealed class WireCounter : EventListener
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, double> totals = [];

    public double Bytes
    {
        get
        {
            lock (gate) return totals.Values.Sum();
        }
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Net.Sockets") EnableEvents(eventSource, EventLevel.LogAlways, EventKeywords.All, new Dictionary<string, string?> { ["EventCounterIntervalSec"] = "0.5" });
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName != "EventCounters" || eventData.Payload is not [IDictionary<string, object> counter]) return;
        if (counter["Name"] is not ("bytes-received" or "bytes-sent")) return;
        lock (gate) totals[(string)counter["Name"]] = Convert.ToDouble(counter["Mean"], CultureInfo.InvariantCulture);
    }
}
