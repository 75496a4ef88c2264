using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Oort.Backends.Ipfs.Tests.Support;

namespace Oort.Backends.Icp.Tests.Support;

/// <summary>A canister behind an HTTP gateway: paths with bytes, whole and by range. What writes to it has a token, and is the test's own.</summary>
internal sealed class CanisterPeer : PeerServer
{
    public const string Token = "the-writer-secret";

    private readonly Lock gate = new();
    private readonly Dictionary<string, byte[]> files = [];

    /// <summary>Files that were new when they were put.</summary>
    public int PaidCount { get; private set; }

    /// <summary>Whether ranges are paid no heed to, as some gateways do.</summary>
    public bool IgnoresRanges { get; set; }

    /// <summary>What it says of every range's place; null: the truth.</summary>
    public string? RangeSaid { get; set; }

    /// <summary>The status of every answer to a read; 0: as it is.</summary>
    public int ReadStatus { get; set; }

    public string? Encoding { get; set; }

    public int FileCount
    {
        get
        {
            lock (gate) return files.Count;
        }
    }

    public static async Task<CanisterPeer> RunAsync()
    {
        var peer = new CanisterPeer();
        await peer.StartAsync();
        return peer;
    }

    public void Put(string path, byte[] content)
    {
        lock (gate) files[path] = content;
    }

    public void Lose(string path)
    {
        lock (gate) files.Remove(path);
    }

    public void Damage(string path)
    {
        lock (gate) files[path] = [.. files[path].Select(value => (byte)~value)];
    }

    protected override async Task<PeerReply> AnswerAsync(HttpRequest request)
    {
        var path = request.Path.Value!;
        if (request.Method == "GET") return Read(path, request);
        if (request.Headers.Authorization != $"Bearer {Token}") return new(401, "text/plain", []);
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        lock (gate)
        {
            if (request.Method == "PUT")
            {
                if (Convert.ToHexStringLower(SHA256.HashData(body.ToArray())) != request.Headers["X-Sha256"]) return new(400, "text/plain", []);
                if (files.TryAdd(path, body.ToArray())) PaidCount++;
            }
            else if (request.Method == "DELETE")
            {
                files.Remove(path);
            }
        }

        return new(200, "text/plain", "done"u8.ToArray());
    }

    private PeerReply Read(string path, HttpRequest request)
    {
        if (ReadStatus != 0)
        {
            request.HttpContext.Response.Headers.Location = "http://127.0.0.1:1/elsewhere";
            return new(ReadStatus, "text/plain", "something"u8.ToArray());
        }

        request.Headers.AcceptEncoding.ToString().ShouldBe("identity");
        byte[]? content;
        lock (gate) content = files.GetValueOrDefault(path);
        if (content is null) return new(404, "text/plain", "not found"u8.ToArray());
        if (Encoding is not null) request.HttpContext.Response.Headers.ContentEncoding = Encoding;
        if (IgnoresRanges || request.Headers.Range.ToString() is not { Length: > 0 } range) return new(200, "application/octet-stream", content);
        var ends = range["bytes=".Length..].Split('-').Select(number => int.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        request.HttpContext.Response.Headers.ContentRange = RangeSaid ?? string.Create(CultureInfo.InvariantCulture, $"bytes {ends[0]}-{ends[1]}/{content.Length}");
        return new(206, "application/octet-stream", content[ends[0]..(ends[1] + 1)]);
    }
}
