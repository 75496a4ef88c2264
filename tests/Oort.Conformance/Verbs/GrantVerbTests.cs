using System.Net;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.S3;
using Oort.Conformance.Harness;
using Oort.Identity.Grants;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Verbs;

/// <summary><c>oort grant</c> and <c>oort share</c>, which ask no gateway; where one runs, it is to take what they made.</summary>
public sealed class GrantVerbTests : IDisposable
{
    private const string Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Grant_OfKeysOfTheEnvironment_CanBeNarrowedAgain()
    {
        var first = await GrantAsync(new() { ["OORT_ACCESS_KEY"] = "OORTKEY", ["OORT_SECRET_KEY"] = Secret }, "--bucket", "site", "--prefix", "photos/", "--allow", "read,list", "--expires", "7d", "--from", "192.0.2.0/24", "--from", "2001:db8::/32");
        first.GetProperty("accessKeyId").GetString().ShouldBe("OORTKEY");
        var grant = Grant.Parse(first.GetProperty("sessionToken").GetString()!)!;
        grant.DeriveSecret(Secret).ShouldBe(first.GetProperty("secretKey").GetString());
        var caveat = grant.Caveats.ShouldHaveSingleItem();
        (caveat.Bucket, caveat.Prefix, caveat.Key, caveat.Verbs, caveat.Networks!.Value.Length).ShouldBe(("site", "photos/", null, GrantVerbs.Read | GrantVerbs.List, 2));
        first.GetProperty("expires").GetDateTimeOffset().ShouldBe(grant.NotAfter);

        var lines = (await RunAsync(new() { ["AWS_ACCESS_KEY_ID"] = "OORTKEY", ["AWS_SECRET_ACCESS_KEY"] = first.GetProperty("secretKey").GetString()!, ["AWS_SESSION_TOKEN"] = first.GetProperty("sessionToken").GetString()! }, "grant", "--allow", "read", "--env")).ShouldSucceed().Output;
        var shell = (await Tool.RunAsync("sh", ["-c", lines + "echo $AWS_ACCESS_KEY_ID; echo $AWS_SECRET_ACCESS_KEY; echo $AWS_SESSION_TOKEN"])).ShouldSucceed().Output.Split('\n');
        shell[0].ShouldBe("OORTKEY");
        var narrower = Grant.Parse(shell[2])!;
        narrower.DeriveSecret(Secret).ShouldBe(shell[1]);
        narrower.Caveats.Length.ShouldBe(2);
        (narrower.Caveats[1].Verbs, narrower.NotAfter).ShouldBe((GrantVerbs.Read, grant.NotAfter));
    }

    [Fact]
    public async Task Grant_OfAProfileOrADataDirectory_IsOfItsKeys()
    {
        File.WriteAllText(folder["credentials"], $"[mine]\naws_access_key_id = OTHERKEY\naws_secret_access_key = {Secret}\naws_session_token = TEMP\n");
        var environment = new Dictionary<string, string> { ["AWS_SHARED_CREDENTIALS_FILE"] = folder["credentials"], ["AWS_CONFIG_FILE"] = folder["none"], ["OORT_ACCESS_KEY"] = "OORTKEY", ["OORT_SECRET_KEY"] = "x" };
        var answer = await GrantAsync(environment, "--profile", "mine", "--bucket", "site");
        answer.GetProperty("accessKeyId").GetString().ShouldBe("OTHERKEY");
        Grant.Parse(answer.GetProperty("sessionToken").GetString()!)!.SessionToken.ShouldBe("TEMP");
        answer.GetProperty("expires").ValueKind.ShouldBe(JsonValueKind.Null);
        (await RunAsync(environment, "grant", "--data", folder["data"], "--bucket", "site")).ShouldFailWith(2, "No credentials");
        (await RunAsync(environment, "grant", "--data", folder["data"], "--profile", "mine", "--bucket", "site")).ShouldFailWith(2, "not both");
        (await RunAsync(environment, "grant", "--profile", "none", "--bucket", "site")).ShouldFailWith(2, "There is no profile");
    }

    [Theory]
    [InlineData("would limit nothing")]
    [InlineData("\"admin\" is none of read, write, delete and list", "--allow", "read,admin")]
    [InlineData("is none of read", "--allow", "")]
    [InlineData("no bucket", "--prefix", "photos/")]
    [InlineData("a prefix and a key", "--bucket", "site", "--prefix", "a", "--key", "ab")]
    [InlineData("is not a time", "--bucket", "site", "--expires", "soon")]
    [InlineData("is not a time", "--bucket", "site", "--expires", "0s")]
    [InlineData("is not a network", "--bucket", "site", "--from", "192.0.2.0/33")]
    [InlineData("is not a network", "--bucket", "site", "--from", "192.0.2.0/24,198.51.100.0/24")]
    [InlineData("networks are not", "--bucket", "site", "--from", "::ffff:192.0.2.0/120")]
    [InlineData("not both", "--bucket", "site", "--json", "--env")]
    public async Task Grant_ThatCannotBe_IsRefusedInASentence(string said, params string[] arguments) =>
        (await RunAsync(new() { ["OORT_ACCESS_KEY"] = "OORTKEY", ["OORT_SECRET_KEY"] = Secret }, ["grant", .. arguments])).ShouldFailWith(2, said);

    [Fact]
    public async Task Share_OfAnObject_IsALinkSignedByAGrantForThatObjectAlone()
    {
        var environment = new Dictionary<string, string> { ["OORT_ACCESS_KEY"] = "OORTKEY", ["OORT_SECRET_KEY"] = Secret };
        var link = (await RunAsync(environment, "share", "s3://site/a photo?.jpg", "--expires", "2d", "--endpoint", "https://files.example.org")).ShouldSucceed().Output.TrimEnd();
        link.ShouldStartWith("https://files.example.org/site/a%20photo%3F.jpg?");
        link.ShouldNotContain(Secret);
        var query = link.Split('?')[1].Split('&').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]));
        query["X-Amz-Expires"].ShouldBe("172800");
        query["X-Amz-Credential"].ShouldStartWith("OORTKEY/");
        var caveat = Grant.Parse(query["X-Amz-Security-Token"])!.Caveats.ShouldHaveSingleItem();
        (caveat.Bucket, caveat.Key, caveat.Verbs).ShouldBe(("site", "a photo?.jpg", GrantVerbs.Read));
        caveat.NotAfter.ShouldNotBeNull();

        (await RunAsync(environment, "share", "s3://site/k", "--expires", "8d")).ShouldFailWith(2, "7d at most");
        (await RunAsync(environment, "share", "site/k")).ShouldFailWith(2, "s3://BUCKET");
    }

    [Fact]
    public async Task GrantAndShare_OnARunningGateway_OpenWhatTheyAreForAndNothingElse()
    {
        await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
        using (var owner = S3Clients.Default(gateway))
        {
            await owner.PutBucketAsync("site");
            foreach (var key in (string[])["photos/one ä.txt", "photos/two.txt", "other.txt"]) await owner.PutObjectAsync(new() { BucketName = "site", Key = key, ContentBody = key });
        }

        var root = new Dictionary<string, string> { ["OORT_ACCESS_KEY"] = GatewayProcess.AccessKey, ["OORT_SECRET_KEY"] = GatewayProcess.SecretKey };
        using var http = new HttpClient();
        var link = (await RunAsync(root, "share", "s3://site/photos/one ä.txt", "--expires", "1h", "--endpoint", gateway.Endpoint)).ShouldSucceed().Output.TrimEnd();
        (await http.GetStringAsync(new Uri(link))).ShouldBe("photos/one ä.txt");
        (await http.GetAsync(new Uri(link.Replace("one%20%C3%A4", "two", StringComparison.Ordinal)))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await http.DeleteAsync(new Uri(link))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var elsewhere = (await RunAsync(root, "share", "s3://site/photos/one ä.txt", "--from", "192.0.2.0/24", "--endpoint", gateway.Endpoint)).ShouldSucceed().Output.TrimEnd();
        (await http.GetAsync(new Uri(elsewhere))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        // A link to a folder: a page that lists, and what it lists.
        var folderLink = (await RunAsync(root, "share", "s3://site/photos/", "--expires", "30d", "--endpoint", gateway.Endpoint)).ShouldSucceed().Output.TrimEnd();
        folderLink.ShouldNotContain(GatewayProcess.SecretKey);
        var page = await http.GetStringAsync(new Uri(folderLink));
        page.ShouldContain("two.txt");
        page.ShouldNotContain("other.txt");
        (await http.GetStringAsync(new Uri(folderLink + "?k=photos%2Ftwo.txt"))).ShouldBe("photos/two.txt");
        (await http.GetAsync(new Uri(folderLink + "?k=other.txt"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await http.GetStringAsync(new Uri((await RunAsync(root, "share", "s3://site", "--endpoint", gateway.Endpoint)).ShouldSucceed().Output.TrimEnd()))).ShouldContain("other.txt");

        var grant = await GrantAsync(root, "--bucket", "site", "--prefix", "photos/", "--allow", "read,list", "--expires", "1h");
        using var client = new AmazonS3Client(new SessionAWSCredentials(grant.GetProperty("accessKeyId").GetString(), grant.GetProperty("secretKey").GetString(), grant.GetProperty("sessionToken").GetString()), new AmazonS3Config { ServiceURL = gateway.Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        (await client.ListObjectsV2Async(new() { BucketName = "site", Prefix = "photos/" })).S3Objects.Count.ShouldBe(2);
        using (var answer = await client.GetObjectAsync("site", "photos/two.txt")) answer.ContentLength.ShouldBe(14);
        foreach (var refused in (Func<Task>[])
        [
            () => client.ListObjectsV2Async(new() { BucketName = "site" }), () => client.GetObjectAsync("site", "other.txt"), () => client.PutObjectAsync(new() { BucketName = "site", Key = "photos/three.txt", ContentBody = "" }),
            () => client.DeleteObjectAsync("site", "photos/two.txt"), () => client.GetBucketPolicyAsync(new Amazon.S3.Model.GetBucketPolicyRequest { BucketName = "site" }), () => client.ListBucketsAsync(),
        ]) (await Should.ThrowAsync<AmazonS3Exception>(refused)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    private Task<Tool.Result> RunAsync(Dictionary<string, string> environment, params string[] arguments) => Tool.RunAsync(GatewayProcess.Executable, arguments, environment, folder.FullPath);

    private async Task<JsonElement> GrantAsync(Dictionary<string, string> environment, params string[] arguments) => JsonSerializer.Deserialize<JsonElement>((await RunAsync(environment, ["grant", .. arguments, "--json"])).ShouldSucceed().Output);
}
