using System.Buffers;
using System.Globalization;
using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Oort.Access;
using Oort.Gateway.Access;
using Oort.S3;

namespace Oort.Gateway.Audit;

/// <summary>One line of the audit log (docs/formats/audit-log.md). Only what is named here gets in: no query, no header but User-Agent, nothing of a body.</summary>
internal static class AuditLine
{
    public const int Version = 1;

    // Of text that clients choose and S3 does not bound, in characters.
    private const int TextLengthMax = 256;
    private const int PathLengthMax = 1024;

    private const string TimeForm = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    // The encoder leaves ASCII without control characters, so that nothing in a key can end a line or begin another.
    private static readonly JsonWriterOptions options = new() { SkipValidation = true };

    [ThreadStatic]
    private static Utf8JsonWriter? reused;

    /// <summary>Writes the line of a request that is over.</summary>
    /// <param name="now">When it was.</param>
    public static void Write(IBufferWriter<byte> destination, in S3Completion request, AuditFacts facts, DateTimeOffset now)
    {
        var http = request.Http;
        var json = Begin(destination, now);
        json.WriteString("request", request.RequestId);
        json.WriteString("method", Cut(http.Request.Method));
        if (request.Operation != S3Operation.None) json.WriteString("operation", request.Operation.ToString());
        else json.WriteString("path", Cut(http.Request.Path.Value ?? "", PathLengthMax));
        WriteActions(json, facts);
        WriteText(json, "bucket", request.Bucket);
        WriteText(json, "key", request.Key);
        if (request.Operation != S3Operation.None) WriteText(json, "version", VersionOf(http));
        WriteCaller(json, request);
        WriteText(json, "source", AddressOf(http.Connection.RemoteIpAddress));
        WriteText(json, "agent", http.Request.Headers.UserAgent.ToString());
        if (http.Features.Get<ITlsHandshakeFeature>() is { } tls) json.WriteString("tls", NameOf(tls.Protocol));
        json.WriteNumber("status", request.Status);
        WriteText(json, "error", request.ErrorCode);
        json.WriteNumber("received", request.BytesReceived);
        json.WriteNumber("sent", request.BytesSent);
        json.WriteNumber("milliseconds", (long)request.Duration.TotalMilliseconds);
        End(json, destination);
    }

    /// <summary>Writes that requests were sent away, since there was no room for lines of theirs.</summary>
    public static void WriteTurnedAway(IBufferWriter<byte> destination, long count, DateTimeOffset now)
    {
        var json = Begin(destination, now);
        json.WriteNumber("turnedAway", count);
        End(json, destination);
    }

    private static Utf8JsonWriter Begin(IBufferWriter<byte> destination, DateTimeOffset now)
    {
        var json = reused ??= new Utf8JsonWriter(destination, options);
        json.Reset(destination);
        json.WriteStartObject();
        json.WriteNumber("v", Version);
        json.WriteString("time", now.UtcDateTime.ToString(TimeForm, CultureInfo.InvariantCulture));
        return json;
    }

    private static void End(Utf8JsonWriter json, IBufferWriter<byte> destination)
    {
        json.WriteEndObject();
        json.Flush();
        destination.Write("\n"u8);
    }

    private static void WriteActions(Utf8JsonWriter json, AuditFacts facts)
    {
        if (facts.Rights is null && facts.Action is null) return;
        json.WriteStartArray("actions");
        if (facts.Action is { } action) json.WriteStringValue(Cut(action));
        foreach (var right in facts.Rights ?? []) json.WriteStringValue(right.Action.Name);
        json.WriteEndArray();
    }

    private static void WriteCaller(Utf8JsonWriter json, in S3Completion request)
    {
        json.WriteString("kind", KindOf(request.Principal));
        if (request.Principal is { AccessKeyId.Length: > 0 } principal)
        {
            json.WriteString("accessKey", principal.AccessKeyId);
            if (principal is Caller caller)
            {
                WriteText(json, "arn", caller.Principal.Arn);
                WriteText(json, "account", caller.Principal.Account);
            }
        }

        WriteText(json, "claimedKey", request.ClaimedAccessKeyId);
    }

    private static string KindOf(S3Principal? principal) => principal switch
    {
        null => "unknown",
        { AccessKeyId.Length: 0 } => "anonymous",
        Caller { Session: not null } => "session",
        Caller { Principal.Kind: PrincipalKind.Root } => "root",
        _ => "user",
    };

    // What the answer names is what was meant, also where the request named none.
    private static string? VersionOf(HttpContext http) =>
        http.Response.Headers["x-amz-version-id"].ToString() is { Length: > 0 } answered ? answered : http.Request.Query["versionId"].ToString();

    private static string? AddressOf(IPAddress? address) => (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();

    private static string NameOf(SslProtocols protocol) => protocol switch
    {
        SslProtocols.Tls12 => "TLSv1.2",
        SslProtocols.Tls13 => "TLSv1.3",
        _ => protocol.ToString(),
    };

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) json.WriteString(name, name == "key" ? value : Cut(value));
    }

    private static ReadOnlySpan<char> Cut(string text, int length = TextLengthMax) => text.AsSpan(0, Math.Min(text.Length, length));
}
