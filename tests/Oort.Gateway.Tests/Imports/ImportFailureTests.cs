using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Imports;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Oort.S3.Client;
using Oort.S3.Client.Tests.Support;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Imports;

/// <summary>Sources that fail, lie and change while they are imported from.</summary>
public sealed class ImportFailureTests : IAsyncLifetime
{
    private static readonly string md5 = Convert.ToHexStringLower(MD5.HashData("body"u8));

    private readonly HastyTime time = new(new S3ClientOptions { Endpoint = new("http://unused") }.StallTimeout, new S3ClientOptions { Endpoint = new("http://unused") }.SlowAnswerTimeout);
    private TestStorage storage = null!;
    private BucketRow bucket = null!;

    public async ValueTask InitializeAsync()
    {
        storage = await TestStorage.OpenAsync();
        bucket = await CreateAsync("new");
    }

    public ValueTask DisposeAsync() => storage.DisposeAsync();

    [Fact]
    public async Task Import_OfKeysThatCannotBeCopied_CopiesTheOthersAndNamesThose()
    {
        await using var server = new HostileServer((_, request) => Answer(request.Line, ["broken", "denied", "fine", "gone", "other", "unknown"], key => key switch
        {
            "broken" => HostileServer.Answer(200, $"ETag: \"{md5}\"", "bodx"),
            "denied" => HostileServer.Answer(403, "", ""),
            "gone" => HostileServer.Answer(404, "", ""),
            "unknown" => HostileServer.Answer(200, "ETag: \"no-md5\"", "body"),
            _ => HostileServer.Answer(200, $"ETag: \"{md5}\"", "body"),
        }));
        var progress = await RunAsync(server);
        (progress.Copied, progress.Failed, progress.Unverified).ShouldBe((3, 2, 1));
        progress.Failures.Select(failure => failure.Key).Order(StringComparer.Ordinal).ShouldBe(["broken", "denied"]);
        progress.After.ShouldBe("unknown");
        (await storage.Inner.Metadata.ListObjectsAsync(new(bucket.Id, "", "", "", 10), default)).Objects.Select(entry => entry.Key).ShouldBe(["fine", "other", "unknown"]);
    }

    [Fact]
    public async Task Import_FromAServiceThatIsAwayForAWhile_WaitsAndLosesNothing()
    {
        await using var server = new HostileServer((index, request) => index is > 3 and < 60
            ? HostileServer.Answer(503, "", "")
            : Answer(request.Line, ["a", "b", "c"], _ => HostileServer.Answer(200, $"ETag: \"{md5}\"", "body")));
        var progress = await RunAsync(server);
        (progress.Copied + progress.Present, progress.Failed, progress.Waiting).ShouldBe((3, 0, null));
    }

    [Fact]
    public async Task Import_OfAnObjectThatChangesBetweenListingAndReading_TakesOneStateOfIt()
    {
        var other = Convert.ToHexStringLower(MD5.HashData("changed"u8));
        var heads = 0;
        await using var server = new HostileServer((_, request) =>
        {
            // Each HEAD is of the object as it was; the first two GETs find that it has changed, and its If-Match fails.
            var isHead = request.Line.StartsWith("HEAD", StringComparison.Ordinal);
            if (isHead) heads++;
            if (request.Line.Contains("list-type", StringComparison.Ordinal)) return Answer(request.Line, ["a"], null!);
            if (isHead) return HostileServer.Answer(200, $"ETag: \"{(heads < 3 ? md5 : other)}\"\r\nContent-Length: {(heads < 3 ? 4 : 7)}", "");
            return request.Header("if-match") == $"\"{other}\"" ? HostileServer.Answer(200, $"ETag: \"{other}\"", "changed") : HostileServer.Answer(412, "", "");
        });
        (await RunAsync(server)).Copied.ShouldBe(1);
        (await storage.Inner.Metadata.FindVersionAsync(bucket.Id, "a", null, default))!.ETag.ShouldBe(other);
    }

    [Fact]
    public async Task Secrets_OfTheSource_AreSealedInTheMetadata()
    {
        await using var server = new HostileServer((_, request) => Answer(request.Line, [], null!));
        await RunAsync(server);
        var setting = (await storage.Inner.Metadata.FindBucketAsync("new", default))!.Settings[ImportSettings.Name];
        Encoding.UTF8.GetString(setting.AsSpan()).ShouldNotContain("a secret");
        ImportSettings.Of((await storage.Inner.Metadata.FindBucketAsync("new", default))!)!.SealedSecret.Length.ShouldBeGreaterThan(40);
    }

    [Fact]
    public async Task Begin_OnAnotherSource_IsRefusedUntilTheFirstIsEnded()
    {
        await using var server = new HostileServer((_, request) => Answer(request.Line, [], null!));
        await using var imports = Service();
        await imports.BeginAsync(bucket, Settings(server), null, default);
        (await Should.ThrowAsync<AdminRequestException>(imports.BeginAsync(bucket, Settings(server) with { Prefix = "p" }, null, default))).Code.ShouldBe("ImportExists");
        await imports.EndAsync(bucket, default);
        await imports.BeginAsync(bucket, Settings(server) with { Prefix = "p" }, null, default);
        (await imports.ListAsync(default)).Single().Settings.Prefix.ShouldBe("p");
    }

    private static byte[] Answer(string line, string[] keys, Func<string, byte[]> answer)
    {
        if (line.Contains("list-type", StringComparison.Ordinal))
        {
            var contents = keys.Select(key => $"<Contents><Key>{key}</Key><Size>4</Size><ETag>{(key == "unknown" ? "no-md5" : md5)}</ETag></Contents>");
            return HostileServer.Answer(200, "", $"<ListBucketResult><IsTruncated>false</IsTruncated>{string.Concat(contents)}</ListBucketResult>");
        }

        var bytes = answer(line.Split(' ')[1]["/old/".Length..]);
        // HEAD has the headers alone.
        return line.StartsWith("HEAD", StringComparison.Ordinal) ? bytes[..(bytes.AsSpan().IndexOf("\r\n\r\n"u8) + 4)] : bytes;
    }

    /// <summary>Imports to the end.</summary>
    private async Task<ImportProgress> RunAsync(HostileServer server)
    {
        await using var imports = Service();
        await imports.BeginAsync(bucket, Settings(server), new AccessKeys("AKID", "a secret"), default);
        while (true)
        {
            var (_, settings, progress) = (await imports.ListAsync(default)).Single();
            if (settings.State == ImportState.Copied) return progress;
            await Task.Yield();
        }
    }

    private ImportService Service() => new(storage.Inner, allowsLocalEndpoints: true, time, NullLogger<ImportService>.Instance);

    private static ImportSettings Settings(HostileServer server) =>
        new(ImportState.Copying, "", server.Endpoint, "us-east-1", S3Addressing.Path, "old", "", "", [], 2, 0, default);

    private async Task<BucketRow> CreateAsync(string name)
    {
        var row = new BucketRow { Id = default, Name = name, OwnerId = "owner", Created = time.GetUtcNow(), Region = "us-east-1" };
        return (await storage.Inner.Metadata.CreateBucketAsync(row, default)).Bucket!;
    }
}
