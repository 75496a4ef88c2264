using System.Globalization;
using System.Reflection;
using Oort.Backends;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Status, and the making of the store (docs/formats/node-protocol.md §3).</summary>
internal sealed class StatusHandlers(TimeProvider time)
{
    private static readonly string s_version = typeof(StatusHandlers).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    private readonly long _startedAt = time.GetUtcNow().ToUnixTimeMilliseconds();

    public Task StatusAsync(NodeRequest request)
    {
        request.AllowQuery();
        return AnswerAsync(request);
    }

    public async Task CreateStoreAsync(NodeRequest request)
    {
        request.AllowQuery("cluster");
        if (request.Query("cluster") is not { Length: 32 } text || !text.All(char.IsAsciiHexDigitLower)) throw NodeRequest.Bad("The parameter cluster is the id of a cluster.");
        await request.Services.Storage.CreateAsync(new ClusterId(UInt128.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)), request.Aborted);
        await AnswerAsync(request);
    }

    private async Task AnswerAsync(NodeRequest request)
    {
        var services = request.Services;
        var store = services.Storage.Store;
        var space = store is null ? default : await services.Storage.ProbeAsync(store, request.Aborted);
        var status = new NodeStatus
        {
            Protocol = NodeLimits.ProtocolVersion,
            Version = s_version,
            Node = services.Identity.Id.ToString(),
            Store = store?.Id.ToString(),
            Cluster = store?.Cluster.ToString(),
            Generation = services.Directory.State.Generation,
            CapacityBytes = space.CapacityBytes,
            FreeBytes = space.FreeBytes,
            Refusal = space.Refusal?.Reason,
            RefusalEndsByReopening = space.Refusal?.EndsByReopening ?? false,
            ShardCount = store?.ShardCount ?? 0,
            Clock = time.GetUtcNow().ToUnixTimeMilliseconds(),
            StartedAt = _startedAt,
        };
        await request.AnswerJsonAsync(status.Encode());
    }
}
