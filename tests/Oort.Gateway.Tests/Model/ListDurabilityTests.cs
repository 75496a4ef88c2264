using System.Text.RegularExpressions;
using Oort.Gateway.Tests.Operations;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Model;

/// <summary>What was answered with 200 about lists and ownership is there after a kill.</summary>
public sealed partial class ListDurabilityTests
{
    [Fact]
    public async Task Lists_AfterAKill_AreThereAsTheyWereAnswered()
    {
        await using var gateway = await RestartableGateway.StartAsync(isOnDisk: true);
        (await gateway.Client.SendAsync("PUT", "/bucket", [])).Status.ShouldBe(200);
        (await gateway.Client.SendAsync("PUT", "/bucket/key", "one")).Status.ShouldBe(200);
        await gateway.RestartAsync();
        (await gateway.Client.SendAsync("PUT", "/bucket?ownershipControls", "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>")).Status.ShouldBe(200);
        (await gateway.Client.SendAsync("PUT", "/bucket?publicAccessBlock", "<PublicAccessBlockConfiguration/>")).Status.ShouldBe(200);
        (await gateway.Client.SendAsync("PUT", "/bucket?acl", [], ("x-amz-acl", "public-read"))).Status.ShouldBe(200);
        (await gateway.Client.SendAsync("PUT", "/bucket/key?acl", [], ("x-amz-acl", "public-read-write"))).Status.ShouldBe(200);
        var upload = (await gateway.Client.SendAsync("POST", "/bucket/parts?uploads", [], ("x-amz-acl", "authenticated-read"))).Element("UploadId");
        var etag = (await gateway.Client.SendAsync("PUT", $"/bucket/parts?partNumber=1&uploadId={upload}", "part")).Header("etag");
        await gateway.KillAsync();
        (await gateway.Client.SendAsync("POST", $"/bucket/parts?uploadId={upload}", $"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>")).Status.ShouldBe(200);
        await gateway.KillAsync();
        Grants(await gateway.Client.SendAsync("GET", "/bucket?acl")).ShouldBe("AllUsers READ, FULL_CONTROL");
        Grants(await gateway.Client.SendAsync("GET", "/bucket/key?acl")).ShouldBe("AllUsers READ, AllUsers WRITE, FULL_CONTROL");
        Grants(await gateway.Client.SendAsync("GET", "/bucket/parts?acl")).ShouldBe("AuthenticatedUsers READ, FULL_CONTROL");
        (await gateway.Client.SendAsync("GET", "/bucket?ownershipControls")).Element("ObjectOwnership").ShouldBe("ObjectWriter");
    }

    private static string Grants(RawAnswer answer) => string.Join(", ", Grant().Matches(answer.Text).Select(match => $"{match.Groups["group"].Value} {match.Groups["permission"].Value}".Trim()));

    [GeneratedRegex("<Grant>.*?(?:/(?<group>\\w+)</URI>)?</Grantee><Permission>(?<permission>\\w+)</Permission></Grant>")]
    private static partial Regex Grant();
}
