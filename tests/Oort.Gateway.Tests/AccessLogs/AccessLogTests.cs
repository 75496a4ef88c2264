using System.Globalization;
using System.Text.RegularExpressions;
using Amazon.S3.Model;
using Oort.Gateway.AccessLogs;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.AccessLogs;

public sealed partial class AccessLogTests
{
    [Fact]
    public async Task Requests_AreLinesWithAllFields()
    {
        await using var world = await StartAsync();
        await world.Client.PutBucketVersioningAsync(new() { BucketName = "source", VersioningConfig = new() { Status = "Enabled" } });
        var put = await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "a b/\"ü\n", ContentBody = "12345" });
        (await world.Raw.SendAsync("GET", "/source/none", Array.Empty<byte>(), ("Referer", "\"quoted\" page"), ("User-Agent", "agent \"x\" y"))).Status.ShouldBe(404);

        var lines = await world.LinesAsync(3);
        lines.ShouldAllBe(line => LoggingWorld.Fields(line).Length == 26);
        var written = LoggingWorld.Fields(lines.Single(line => line.Contains("REST.PUT.OBJECT ", StringComparison.Ordinal)));
        (written[0], written[1], written[3], written[4], written[5]).ShouldBe(("0123456789abcdef", "source", "127.0.0.1", "0123456789abcdef", put.ResponseMetadata.RequestId));
        DateTimeOffset.ParseExact(written[2], "dd/MMM/yyyy:HH:mm:ss zzz", CultureInfo.InvariantCulture).ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(10));
        (written[6], written[7], written[9], written[10]).ShouldBe(("REST.PUT.OBJECT", "a%20b/%22%C3%BC%0A", "200", "-"));
        written[8].ShouldStartWith("PUT /source/a%20b/");
        written[8].ShouldEndWith(" HTTP/1.1");
        (written[12], written[17], written[19], written[21]).ShouldBe(("5", put.VersionId, "SigV4", "AuthHeader"));
        written[22].ShouldStartWith("127.0.0.1:");
        (written[20], written[23], written[24], written[25]).ShouldBe(("-", "-", "-", "-"));

        var read = LoggingWorld.Fields(lines.Single(line => line.Contains("/source/none", StringComparison.Ordinal)));
        (read[6], read[9], read[10], read[15], read[16]).ShouldBe(("REST.GET.OBJECT", "404", "NoSuchKey", "%22quoted%22 page", "agent %22x%22 y"));
        long.Parse(read[11], CultureInfo.InvariantCulture).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Refused_AnonymousRequest_IsALineWithoutRequester()
    {
        await using var world = await StartAsync();
        using var http = new HttpClient();
        (await http.GetAsync(new Uri(world.Client.Config.ServiceURL + "source/key"), TestContext.Current.CancellationToken)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);

        var line = LoggingWorld.Fields((await world.LinesAsync(1)).Single(line => line.Contains(" 403 ", StringComparison.Ordinal)));
        (line[4], line[9], line[10], line[19], line[21]).ShouldBe(("-", "403", "AccessDenied", "-", "-"));
    }

    [Fact]
    public async Task PresignedRequest_Signature_IsNotInTheLine()
    {
        await using var world = await StartAsync();
        var url = await world.Client.GetPreSignedURLAsync(new() { BucketName = "source", Key = "key", Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1), Protocol = Amazon.S3.Protocol.HTTP });
        using var http = new HttpClient();
        await http.GetAsync(new Uri(url), TestContext.Current.CancellationToken);

        var line = (await world.LinesAsync(1)).Single(line => line.Contains("QueryString", StringComparison.Ordinal));
        line.ShouldContain("X-Amz-Signature=-");
        line.ShouldNotContain(SignatureOf().Match(url).Groups[1].Value);
    }

    [Fact]
    public async Task OtherBuckets_AreNotLogged()
    {
        await using var world = await StartAsync();
        await world.Client.PutBucketAsync("other");
        await world.Client.PutObjectAsync(new() { BucketName = "other", Key = "key", ContentBody = "x" });
        await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "key", ContentBody = "x" });
        (await world.LinesAsync(1)).ShouldAllBe(line => LoggingWorld.Fields(line)[1] == "source");
    }

    [Theory]
    [InlineData("<TargetObjectKeyFormat><SimplePrefix/></TargetObjectKeyFormat>", @"^log/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}$")]
    [InlineData("<TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>DeliveryTime</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat>", @"^log/\d{12}/us-east-1/source/(\d{4})/(\d\d)/(\d\d)/\1-\2-\3-\d\d-\d\d-\d\d-[0-9A-F]{16}$")]
    [InlineData("<TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>EventTime</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat>", @"^log/\d{12}/us-east-1/source/(\d{4})/(\d\d)/(\d\d)/\1-\2-\3-00-00-00-[0-9A-F]{16}$")]
    public async Task Keys_AreOfTheFormat(string format, string expected)
    {
        await using var world = await LoggingWorld.StartAsync();
        await world.AllowAsync();
        (await world.EnableAsync(format)).Status.ShouldBe(200);
        await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "key", ContentBody = "x" });
        await world.LinesAsync(1);
        (await world.KeysAsync("log/")).ShouldAllBe(key => Regex.IsMatch(key, expected));
    }

    [Fact]
    public async Task Flush_NeitherOldNorMany_Waits()
    {
        await using var world = await StartAsync(new() { AgeMax = TimeSpan.FromHours(1) });
        await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "key", ContentBody = "x" });
        await world.Logs.FlushAsync(all: false, default);
        (await world.KeysAsync("")).ShouldBeEmpty();
        await world.LinesAsync(1);
    }

    [Fact]
    public async Task Dispose_WritesWhatWaits()
    {
        await using var world = await StartAsync(new() { AgeMax = TimeSpan.FromHours(1) });
        await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "key", ContentBody = "x" });
        await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "key", ContentBody = "x" });
        await world.Logs.FlushAsync(all: false, default);
        await world.StopLogsAsync();
        (await world.KeysAsync("log/")).Length.ShouldBe(1);
    }

    [Fact]
    public async Task Flush_TargetThatLetsNothingInAnyMore_GetsNothing()
    {
        await using var world = await StartAsync();
        await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "one", ContentBody = "x" });
        await world.LinesAsync(1);
        var before = (await world.KeysAsync("log/")).Length;
        await world.Client.DeleteBucketPolicyAsync("target");
        await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "two", ContentBody = "x" });
        await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "three", ContentBody = "x" });
        await world.Logs.FlushAsync(all: true, default);
        (await world.KeysAsync("log/")).Length.ShouldBe(before);

        await world.AllowAsync();
        await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "four", ContentBody = "x" });
        (await world.LinesAsync(2)).ShouldNotContain(line => line.Contains(" two ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lines_MoreThanMayWait_AreDroppedAndRequestsGoOn()
    {
        await using var world = await StartAsync(new() { WaitingMax = 1000, AgeMax = TimeSpan.FromHours(1) });
        for (var i = 0; i < 20; i++) await world.Client.PutObjectAsync(new() { BucketName = "source", Key = "key", ContentBody = "x" });
        var lines = await world.LinesAsync(1);
        lines.Sum(line => line.Length + 1).ShouldBeLessThanOrEqualTo(1000);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Setting_Vector_EndsAsItExpects(string name)
    {
        var vector = Oort.Objects.Tests.World.FormatVector.Read("logging", name);
        string outcome;
        try
        {
            LoggingDocument.Decode(vector.Bytes);
            outcome = "ok";
        }
        catch (MetadataFormatException)
        {
            outcome = "reject";
        }

        outcome.ShouldBe(vector.Expect);
    }

    [Fact]
    public void Setting_ExampleOfThePage_IsTheVectorAndWhatIsWritten()
    {
        var page = File.ReadAllText(Path.Combine(Oort.Objects.Tests.Shards.Repository.Root, "docs", "formats", "logging.md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(Oort.Objects.Tests.World.FormatVector.Read("logging", "partitioned").Bytes);
        LoggingDocument.Decode(bytes).Encode().ShouldBe(bytes);
    }

    public static TheoryData<string> Names => [.. Oort.Objects.Tests.World.FormatVector.Names("logging", "*.txt")];

    private static async Task<LoggingWorld> StartAsync(AccessLogOptions? options = null)
    {
        var world = await LoggingWorld.StartAsync(options);
        await world.AllowAsync();
        (await world.EnableAsync()).Status.ShouldBe(200);
        return world;
    }

    [GeneratedRegex("X-Amz-Signature=([0-9a-f]+)")]
    private static partial Regex SignatureOf();

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}
