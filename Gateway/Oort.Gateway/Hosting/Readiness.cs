using Microsoft.AspNetCore.Http;
using Oort.Objects;

namespace Oort.Gateway;

/// <summary>What <c>/_oort/health/ready</c> answers. Ready means: reads work. The body says whether writes do.</summary>
internal static class Readiness
{
    public static (int Status, string State) Of(SystemStatus now)
    {
        var readable = now.Stores.Count(store => store.Health != StoreHealth.Offline);
        if (readable < now.Geometry.DataShards) return (StatusCodes.Status503ServiceUnavailable, "too few disks to read from");
        if (!now.CanWrite) return (StatusCodes.Status200OK, "read-only");
        if (now.Networks.Any(network => network.Warnings.Any(warning => warning.IsUrgent)) || now.Spending.IsUsedUp) return (StatusCodes.Status200OK, "degraded");
        return (StatusCodes.Status200OK, now.Stores.All(store => store.Health is StoreHealth.Online or StoreHealth.Suspect) ? "ok" : "degraded");
    }
}
