using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class SignatureV2Tests
{
    private const string Secret = "hidden key";
    private const string Date = "Fri, 02 Jan 2026 03:04:05 GMT";
    private const long Expires = 1_767_323_105;
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("AWS", "InvalidArgument")]
    [InlineData("AWS HAHAHA", "InvalidArgument")]
    [InlineData("AWS AKID:", "InvalidArgument")]
    [InlineData("AWS :uNbSuwbwXUt3Am6pV3w6H7dR7e4=", "InvalidArgument")]
    [InlineData("AWS AKID:c2lnbmF0dXJl", "InvalidArgument")] // not 20 bytes
    [InlineData("AWS AKID:uNbSuwbwXUt3Am6pV3w6H7dR7e4=", "SignatureDoesNotMatch")]
    [InlineData("AWS with:colon:uNbSuwbwXUt3Am6pV3w6H7dR7e4=", "SignatureDoesNotMatch")]
    public async Task Authenticate_Headers_SayWhy(string authorization, string code) =>
        (await RunAsync(RawRequest.Create("GET", "/b/k", ("Host", "h"), ("Date", Date), ("Authorization", authorization)))).ShouldBe(code);

    [Theory]
    [InlineData("/b/k?Signature=uNbSuwbwXUt3Am6pV3w6H7dR7e4=&Expires=1767323105", "AccessDenied")]
    [InlineData("/b/k?AWSAccessKeyId=A&Expires=1767323105", "AccessDenied")]
    [InlineData("/b/k?AWSAccessKeyId=A&Signature=uNbSuwbwXUt3Am6pV3w6H7dR7e4=", "AccessDenied")]
    [InlineData("/b/k?AWSAccessKeyId=A&Signature=uNbSuwbwXUt3Am6pV3w6H7dR7e4=&Expires=tomorrow", "AccessDenied")]
    [InlineData("/b/k?AWSAccessKeyId=A&Signature=uNbSuwbwXUt3Am6pV3w6H7dR7e4=&Expires=-1", "AccessDenied")]
    [InlineData("/b/k?AWSAccessKeyId=A&Signature=uNbSuwbwXUt3Am6pV3w6H7dR7e4=&Expires=999999999999", "AccessDenied")]
    [InlineData("/b/k?AWSAccessKeyId=A&Signature=uNbSuwbwXUt3Am6pV3w6H7dR7e4=&Expires=1767323044", "AccessDenied")]
    [InlineData("/b/k?AWSAccessKeyId=A&Signature=s&Expires=1767323105", "InvalidArgument")]
    [InlineData("/b/k?AWSAccessKeyId=A&Signature=uNbSuwbwXUt3Am6pV3w6H7dR7e4=&Expires=1767323105", "SignatureDoesNotMatch")]
    [InlineData("/b/k?AWSAccessKeyId=A&Signature=uNbSuwbwXUt3Am6pV3w6H7dR7e4=&Expires=1767323105&X-Amz-Algorithm=AWS4-HMAC-SHA256", "InvalidArgument")]
    public async Task Authenticate_Queries_SayWhy(string target, string code) => (await RunAsync(RawRequest.Create("GET", target, ("Host", "h")))).ShouldBe(code);

    [Theory]
    [InlineData("Date", "Fri, 02 Jan 2026 03:04:05 +0000", "ok")]
    [InlineData("Date", "Tue, 02 Jan 2026 03:04:05 GMT", "ok")] // it was a Friday
    [InlineData("Date", "Fri, 02 Jan 2026 04:04:05 +0100", "ok")]
    [InlineData("Date", "Fri, 02 Jan 2026 03:19:06 GMT", "RequestTimeTooSkewed")]
    [InlineData("Date", "Tue, 07 Jul 1950 21:53:04 GMT", "AccessDenied")]
    [InlineData("Date", "yesterday", "AccessDenied")]
    [InlineData("x-amz-date", "", "AccessDenied")]
    [InlineData("x-amz-date", "Bad Date", "AccessDenied")]
    [InlineData("x-amz-date", "20260102T030405Z", "ok")]
    [InlineData("x-amz-date", "Tue, 07 Jul 2010 21:53:04 GMT", "RequestTimeTooSkewed")]
    public async Task Authenticate_Times_AreRead(string header, string value, string code) =>
        (await RunAsync(Signed("GET", "/b/k", header == "Date" ? [("Date", value)] : [("Date", Date), (header, value)]))).ShouldBe(code);

    [Fact]
    public async Task Authenticate_NoTime_IsDenied() =>
        (await RunAsync(RawRequest.Create("GET", "/b/k", ("Host", "h"), ("Authorization", "AWS AKID:uNbSuwbwXUt3Am6pV3w6H7dR7e4=")))).ShouldBe("AccessDenied");

    [Theory]
    [InlineData("Content-Type", "text/html")]
    [InlineData("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==")]
    [InlineData("Date", "Fri, 02 Jan 2026 03:04:06 GMT")]
    [InlineData("x-amz-date", Date)]
    [InlineData("x-amz-acl", "public-read")]
    [InlineData("x-amz-security-token", "a token of another session")]
    [InlineData("x-amz-copy-source", "/b/secret")]
    public async Task Authenticate_HeaderChangedOrAdded_DoesNotMatch(string name, string value)
    {
        var http = Signed("PUT", "/b/k", ("Date", Date), ("Content-Type", "text/plain"), ("x-amz-meta-a", "1"));
        (await RunAsync(http)).ShouldBe("ok");
        http.Request.Headers[name] = value;
        (await RunAsync(http)).ShouldBe(name == "x-amz-security-token" ? "InvalidToken" : "SignatureDoesNotMatch");
    }

    [Theory]
    [InlineData("/b/k?acl")]
    [InlineData("/b/k?versionId=2")]
    [InlineData("/b/k?versionId=1&versionId=2")]
    [InlineData("/b/k?versionId=1&tagging")]
    [InlineData("/b/k?versionId=1&response-content-type=text/html")]
    [InlineData("/b/%6b?versionId=1")]
    [InlineData("/b//k?versionId=1")]
    public async Task Authenticate_OtherResource_DoesNotMatch(string target)
    {
        var signed = Signed("GET", "/b/k?versionId=1", ("Date", Date));
        (await RunAsync(signed)).ShouldBe("ok");
        var other = RawRequest.Create("GET", target, [.. signed.Request.Headers.Select(static header => (header.Key, header.Value.ToString()))]);
        (await RunAsync(other)).ShouldBe("SignatureDoesNotMatch");
    }

    [Theory]
    [InlineData("&x-amz-acl=public-read", "SignatureDoesNotMatch")]
    [InlineData("&X-AMZ-ACL=public-read", "SignatureDoesNotMatch")]
    [InlineData("&content-type=text/html", "SignatureDoesNotMatch")]
    [InlineData("&Content-MD5=x", "SignatureDoesNotMatch")]
    [InlineData("&x-amz-meta-a=2", "ok")] // the first counts, here and where it is carried out
    [InlineData("&x-amz-acl=a%0Ab", "ok")] // can be no header, so it is none
    [InlineData("&prefix=a", "ok")]
    public async Task Authenticate_QueryExtended_OnlyByWhatDoesNothing(string added, string code)
    {
        var target = $"/b/k?AWSAccessKeyId=AKID&Expires={Expires}&x-amz-meta-a=1";
        var signature = Uri.EscapeDataString(Signature($"PUT\n\n\n{Expires}\nx-amz-meta-a:1\n/b/k"));
        (await RunAsync(RawRequest.Create("PUT", $"{target}&Signature={signature}", ("Host", "h")))).ShouldBe("ok");
        (await RunAsync(RawRequest.Create("PUT", $"{target}&Signature={signature}{added}", ("Host", "h")))).ShouldBe(code);
    }

    [Fact]
    public async Task Authenticate_QueryWithHeaderAdded_DoesNotMatch()
    {
        var target = $"/b/k?AWSAccessKeyId=AKID&Expires={Expires}&Signature={Uri.EscapeDataString(Signature($"PUT\n\n\n{Expires}\n/b/k"))}";
        (await RunAsync(RawRequest.Create("PUT", target, ("Host", "h"), ("Date", "any")))).ShouldBe("ok");
        (await RunAsync(RawRequest.Create("PUT", target, ("Host", "h"), ("x-amz-acl", "public-read")))).ShouldBe("SignatureDoesNotMatch");
    }

    [Fact]
    public async Task Authenticate_LinesWithinAValue_AreNotSignedLines()
    {
        // Of a signature over the header x-amz-meta-a and the bucket's own path, a value with a line's end would make the object's.
        var signature = Uri.EscapeDataString(Signature($"PUT\n\n\n{Expires}\nx-amz-meta-a:1\nx-amz-meta-b:2\n/b/k"));
        var target = $"/b/k?AWSAccessKeyId=AKID&Expires={Expires}&Signature={signature}&x-amz-meta-a=1%0Ax-amz-meta-b:2";
        (await RunAsync(RawRequest.Create("PUT", target, ("Host", "h")))).ShouldBe("SignatureDoesNotMatch");
    }

    [Fact]
    public async Task Authenticate_UnknownAccessKey_SaysSo() =>
        (await RunAsync(Signed("GET", "/b/k", ("Date", Date)), new OneCredential(Secret, "another"))).ShouldBe("InvalidAccessKeyId");

    [Theory]
    [InlineData("/b/k")]
    [InlineData("/b/k?AWSAccessKeyId=AKID&Signature=x&Expires=1767323105")]
    public async Task Authenticate_SwitchedOff_NamesVersion4(string target)
    {
        var http = target.Contains('?', StringComparison.Ordinal) ? RawRequest.Create("GET", target.Replace("=x&", $"={Uri.EscapeDataString(Signature($"GET\n\n\n{Expires}\n/b/k"))}&", StringComparison.Ordinal), ("Host", "h")) : Signed("GET", target, ("Date", Date));
        (await RunAsync(http)).ShouldBe("ok");
        var options = new S3Options { AcceptSignatureV2 = false };
        var refused = await Should.ThrowAsync<S3Exception>(async () => await new S3Authenticator(options, new OneCredential(Secret), new FakeTime(Now), Logs()).AuthenticateAsync(http, S3Target.Read(http, options), PieceReader.Of([]), TestContext.Current.CancellationToken));
        refused.Error.Code.ShouldBe("InvalidRequest");
        refused.Message.ShouldContain("AWS4-HMAC-SHA256");
    }

    [Theory]
    [InlineData("/b/k", 2, false)]
    [InlineData("/b/k?AWSAccessKeyId=AKID&Signature=x&Expires=1767323105", 2, true)]
    public async Task Authenticate_Right_SaysHow(string target, int version, bool isPresigned)
    {
        var http = isPresigned ? RawRequest.Create("GET", target.Replace("=x&", $"={Uri.EscapeDataString(Signature($"GET\n\n\n{Expires}\n/b/k"))}&", StringComparison.Ordinal), ("Host", "h")) : Signed("GET", target, ("Date", Date));
        var found = (await new S3Authenticator(new(), new OneCredential(Secret), new FakeTime(Now), Logs()).AuthenticateAsync(http, S3Target.Read(http, new()), PieceReader.Of([]), TestContext.Current.CancellationToken)).ShouldNotBeNull();
        (found.Principal.AccessKeyId, found.SignatureVersion, found.IsPresigned).ShouldBe(("AKID", version, isPresigned));
    }

    [Fact]
    public async Task Mismatch_AnswerAndLog_ShowWhatWasSignedHereAndNoSecret()
    {
        var http = Signed("GET", "/b/k", ("Date", Date), ("x-amz-meta-a", "1"));
        http.Request.Method = "HEAD";
        var lines = new List<string>();
        var refused = await Should.ThrowAsync<S3Exception>(async () => await new S3Authenticator(new(), new OneCredential(Secret), new FakeTime(Now), Logs(lines)).AuthenticateAsync(http, S3Target.Read(http, new()), PieceReader.Of([]), TestContext.Current.CancellationToken));
        refused.Fields.ToDictionary(static field => field.Name, static field => field.Value)["StringToSign"].ShouldBe($"HEAD\n\n\n{Date}\nx-amz-meta-a:1\n/b/k");
        lines.ShouldHaveSingleItem().ShouldStartWith("Signature of AKID for HEAD /b/k does not match. Signed headers: x-amz-meta-a.");
        (refused + lines[0]).ShouldNotContain(Secret);
        lines[0].ShouldNotContain(Signature($"HEAD\n\n\n{Date}\nx-amz-meta-a:1\n/b/k"));
    }

    // A parameter that the router goes by and a signature does not cover would make one operation of another.
    [Fact]
    public async Task Parameters_ThatChooseTheOperation_AreCoveredOrRefused()
    {
        var target = S3Target.Read(RawRequest.Create("GET", "/b", ("Host", "h")), new());
        string[] all = ["abac", "encryption", "intelligent-tiering", "metadataTable", "ownershipControls", "policyStatus", "publicAccessBlock", "session", "acl", "delete", "policy", "uploads", "versioning", "website"];
        foreach (var name in all)
        {
            S3Router.IsResource(target, name).ShouldBeTrue(name);
            (await RunAsync(Signed("GET", $"/b?{name}", ("Date", Date)))).ShouldBe(SigV2.Covers(name) ? "ok" : "InvalidRequest", name);
        }
    }

    private static async Task<string> RunAsync(HttpContext http, IS3Credentials? credentials = null)
    {
        try
        {
            var authenticator = new S3Authenticator(new(), credentials ?? new OneCredential(Secret), new FakeTime(Now), Logs());
            return await authenticator.AuthenticateAsync(http, S3Target.Read(http, new()), PieceReader.Of([]), TestContext.Current.CancellationToken) is null ? "anonymous" : "ok";
        }
        catch (S3Exception e)
        {
            return e.Error.Code;
        }
    }

    // Signs as the guide says, by code that shares nothing with what is tested.
    private static DefaultHttpContext Signed(string method, string target, params (string Name, string Value)[] headers)
    {
        string Of(string name) => headers.FirstOrDefault(header => header.Name == name).Value ?? "";
        var amz = headers.Where(static header => header.Name.StartsWith("x-amz-", StringComparison.Ordinal)).OrderBy(static header => header.Name, StringComparer.Ordinal).Select(static header => $"{header.Name}:{header.Value}\n");
        var date = headers.Any(static header => header.Name == "x-amz-date") ? "" : Of("Date");
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        // What of the query is covered, the caller sorts; what is not is one word that the router knows.
        var resource = mark >= 0 && !SigV2.Covers(target[(mark + 1)..].Split('=')[0]) ? target[..mark] : target;
        var text = $"{method}\n{Of("Content-MD5")}\n{Of("Content-Type")}\n{date}\n{string.Concat(amz)}{resource}";
        var http = RawRequest.Create(method, target, ("Host", "h"), ("Authorization", $"AWS AKID:{Signature(text)}"));
        // Unlike Append, this keeps a header without a value, as the server does.
        foreach (var (name, value) in headers)
            ((IDictionary<string, StringValues>)http.Request.Headers).Add(name, value);
        return http;
    }

    private static string Signature(string text) => Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(text)));

    private static Lines Logs(List<string>? lines = null) => new Lines(lines ?? []);

    private sealed class Lines(List<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Add(formatter(state, exception));
    }
}
