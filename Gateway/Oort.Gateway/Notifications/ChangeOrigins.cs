using System.Net;
using Oort.Gateway.Access;
using Oort.Objects.Events;
using Oort.S3;

namespace Oort.Gateway.Notifications;

/// <summary>Who made a change, from the request that makes it.</summary>
internal static class ChangeOrigins
{
    public static ChangeOrigin Of(S3Request request)
    {
        var caller = Caller.Of(request);
        var address = request.Http.Connection.RemoteIpAddress;
        return new(
            caller.AccessKeyId.Length == 0 ? "anonymous" : caller.Principal.Arn,
            Text(address),
            request.RequestId,
            request.Http.Response.Headers[S3Pipeline.HostIdHeader].ToString());
    }

    private static string Text(IPAddress? address) => ((address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString()) ?? "";
}
