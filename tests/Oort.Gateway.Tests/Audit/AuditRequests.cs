using System.Net;
using Microsoft.AspNetCore.Http;
using Oort.Access.Policies;
using Oort.Gateway.Access;
using Oort.Gateway.Audit;
using Oort.S3;

namespace Oort.Gateway.Tests.Audit;

/// <summary>Requests that are over, without a server.</summary>
internal static class AuditRequests
{
    public static S3Completion Get(string key, S3Principal? principal = null, string agent = "aws-cli/2.9.19", int status = 200, string? error = null, string? claimed = null)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = "GET";
        http.Request.Path = "/bucket/key";
        http.Request.QueryString = new("?X-Amz-Signature=5ecret&X-Amz-Security-Token=t0ken");
        http.Request.Headers.Authorization = "AWS4-HMAC-SHA256 5ecret";
        http.Request.Headers["x-amz-server-side-encryption-customer-key"] = "5ecret";
        http.Request.Headers.UserAgent = agent;
        http.Connection.RemoteIpAddress = IPAddress.Parse("::ffff:192.0.2.7");
        http.Features.Set(new AuditFacts { Rights = [new(AccessActions.Get("s3:GetObject"), "bucket/key")] });
        return new(http, "0123456789ABCDEF", S3Operation.GetObject, "bucket", key, principal, claimed, status, error, 0, 11, TimeSpan.FromMilliseconds(2.7));
    }

    public static Caller Root { get; } = Caller.RootOf("AKIAEXAMPLE", "000000000001", "canonical", "root");
}
