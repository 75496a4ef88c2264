using Microsoft.AspNetCore.Http;

namespace Oort.Gateway;

/// <summary>Strict-Transport-Security (RFC 6797) in every answer over TLS.</summary>
internal static class StrictTransport
{
    // A year, which browsers' lists ask for. Sub-domains are not this gateway's to speak for.
    private const string Value = "max-age=31536000";

    public static Task AddAsync(HttpContext http, RequestDelegate next)
    {
        // When the answer begins: an error clears what was there before.
        if (http.Request.IsHttps)
        {
            http.Response.OnStarting(static response =>
            {
                ((HttpResponse)response).Headers.StrictTransportSecurity = Value;
                return Task.CompletedTask;
            }, http.Response);
        }

        return next(http);
    }
}
