using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Oort.S3.Tests;

/// <summary>Every file of tests/vectors/sigv2 and sigv4: requests that other programs signed.</summary>
public sealed class SignatureVectorTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "vectors");

    public static TheoryData<string> Names() => [.. NamesOf("sigv2"), .. NamesOf("sigv4")];

    private static IEnumerable<string> NamesOf(string folder) =>
        Directory.GetFiles(Path.Combine(Folder, folder), "*.txt").Select(file => $"{folder}/{Path.GetFileNameWithoutExtension(file)}").Order(StringComparer.Ordinal);

    [Theory]
    [InlineData("sigv2", 42)]
    [InlineData("sigv4", 40)]
    public void Folder_Listed_HoldsAllVectors(string folder, int count) => NamesOf(folder).Count().ShouldBeGreaterThanOrEqualTo(count);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Authenticate_Vector_AnswersAsExpected(string name)
    {
        var vector = Load(name);
        (await RunAsync(vector, vector.Request)).ShouldBe(vector.Expect);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Authenticate_VectorWithAnotherSecret_DoesNotMatch(string name)
    {
        var vector = Load(name) with { Secret = "another" };
        // These are judged only where the signature is right.
        var expected = vector.Expect is "ok" or "InvalidRequest" or "XAmzContentSHA256Mismatch" ? "SignatureDoesNotMatch" : vector.Expect;
        (await RunAsync(vector, vector.Request)).ShouldBe(expected);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Authenticate_VectorWithAnotherMethodOrPath_DoesNotMatch(string name)
    {
        var vector = Load(name);
        if (vector.Expect != "ok")
            return;
        var space = Array.IndexOf(vector.Request, (byte)' ');
        var otherMethod = Encoding.ASCII.GetBytes("PATCH").Concat(vector.Request[space..]).ToArray();
        (await RunAsync(vector, otherMethod)).ShouldBe("SignatureDoesNotMatch");
        var otherPath = vector.Request[..(space + 2)].Concat("x"u8.ToArray()).Concat(vector.Request[(space + 2)..]).ToArray();
        (await RunAsync(vector, otherPath)).ShouldBe("SignatureDoesNotMatch");
    }

    // Authenticates and reads the body to its end; "ok" or the error's code.
    private static async Task<string> RunAsync(Vector vector, byte[] bytes)
    {
        var http = RawRequest.Parse(bytes);
        var options = new S3Options { Domains = ["s3.example.com", "us-west-1.s3.amazonaws.com", "s3.amazonaws.com"] };
        var authenticator = new S3Authenticator(options, new OneCredential(vector.Secret), new FakeTime(vector.Now), NullLogger.Instance);
        try
        {
            var target = S3Target.Read(http, options);
            var authentication = (await authenticator.AuthenticateAsync(http, target, http.Request.BodyReader, TestContext.Current.CancellationToken)).ShouldNotBeNull();
            var announced = http.Request.Headers["x-amz-trailer"].ToString() is { Length: > 0 } trailer ? new[] { trailer } : [];
            var trailers = new Dictionary<string, string>();
            var body = S3Bodies.Decode(http.Request.BodyReader, authentication.Payload, authentication.Chunks, announced, trailers, options, hasBody: true);
            var decoded = await body.ToEndAsync();
            decoded.LongLength.ShouldBe(authentication.Payload.DecodedLength ?? 0);
            trailers.Count.ShouldBe(announced.Length);
            return "ok";
        }
        catch (S3Exception e)
        {
            return e.Error.Code;
        }
    }

    private static Vector Load(string name)
    {
        var bytes = File.ReadAllBytes(Path.Combine(Folder, name + ".txt"));
        var end = bytes.AsSpan().IndexOf("\n\n"u8);
        var fields = Encoding.UTF8.GetString(bytes, 0, end).Split('\n').Where(static line => !line.StartsWith('#'))
            .ToDictionary(static line => line[..line.IndexOf(':', StringComparison.Ordinal)], static line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
        SigV4.TryParseTimestamp(fields["now"], out var now).ShouldBeTrue(name);
        return new Vector(fields["expect"], now, fields["secret"], bytes[(end + 2)..]);
    }

    private sealed record Vector(string Expect, DateTimeOffset Now, string Secret, byte[] Request);
}
