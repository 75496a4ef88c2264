using Microsoft.AspNetCore.Http;
using Oort.Gateway.Access;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway;

/// <summary>Everything under <c>/_oort/</c>, a path no bucket can have: health, metrics, nodes, admin.</summary>
internal sealed class OortPaths(IObjectSystem system, PrometheusPage metrics, UsageMeters usage, AdminApi admin, AdminGate gate, NodeRequests nodes, S3Pipeline signed, bool hasAdminDoor)
{
    private const string Prefix = "/_oort/";

    /// <summary>Set when the process begins to end: load balancers then look elsewhere.</summary>
    public bool IsStopping { get; set; }

    public async Task HandleAsync(HttpContext http)
    {
        var path = http.Request.Path.Value![Prefix.Length..];
        switch (path)
        {
            case "health/live":
                await AdminApi.WriteAsync(http, StatusCodes.Status200OK, new { status = "ok" }, http.RequestAborted);
                return;
            case "health/ready":
                var (status, state) = IsStopping ? (StatusCodes.Status503ServiceUnavailable, "stopping") : Readiness.Of(system.GetStatus());
                await AdminApi.WriteAsync(http, status, new { status = state }, http.RequestAborted);
                return;
            case "metrics" when MayAdminister(http):
                await usage.RefreshAsync(http.RequestAborted);
                http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
                await http.Response.WriteAsync(metrics.Write(), http.RequestAborted);
                return;
        }

        if (http.Request.Path.Value!.StartsWith(NodeRequests.BasePath, StringComparison.Ordinal))
        {
            await nodes.HandleAsync(http);
            return;
        }

        if (!http.Request.Path.Value!.StartsWith(AdminApi.BasePath, StringComparison.Ordinal) || !MayAdminister(http))
        {
            var reason = MayAdminister(http) ? "" : " Administration and metrics have an address of their own at this gateway (--admin-listen).";
            await AdminApi.WriteAsync(http, StatusCodes.Status404NotFound, new { code = "NotFound", message = $"There is nothing at {Prefix}{path}.{reason}" }, http.RequestAborted);
            return;
        }

        await signed.HandleAsync(
            http,
            (request, cancellationToken) =>
            {
                gate.Authorize(request);
                return admin.HandleAsync(request, cancellationToken);
            });
    }

    private bool MayAdminister(HttpContext http) => !hasAdminDoor || AdminDoor.IsAt(http);
}
