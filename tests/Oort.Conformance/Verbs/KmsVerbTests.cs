using Amazon.S3;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Verbs;

/// <summary><c>oort kms</c>, and the .NET SDK with keys with names, over a restart.</summary>
public sealed class KmsVerbTests
{
    [Fact]
    public async Task Kms_CreatedRotatedAndDestroyed_IsWhatClientsMeet()
    {
        using var folder = new TemporaryFolder();
        var gateway = await GatewayProcess.StartAsync(folder["data"], "--kms-default-key", "standard");
        try
        {
            (await RunAsync(gateway, "create", "payroll")).ShouldSucceed();
            (await RunAsync(gateway, "create", "payroll")).ShouldFailWith(1, "already");
            (await RunAsync(gateway, "rotate", "other")).ShouldFailWith(1, "no key");
            (await RunAsync(gateway, "rotate", "payroll")).ShouldSucceed();
            (await RunAsync(gateway, "list")).ShouldSucceed().Output.ShouldContain("payroll");
            using (var client = S3Clients.Default(gateway))
            {
                await client.PutBucketAsync("kms");
                (await client.PutObjectAsync(new() { BucketName = "kms", Key = "named", ContentBody = "one", ServerSideEncryptionMethod = ServerSideEncryptionMethod.AWSKMS, ServerSideEncryptionKeyManagementServiceKeyId = "payroll" })).ServerSideEncryptionKeyManagementServiceKeyId.ShouldBe("payroll");
                (await client.PutObjectAsync(new() { BucketName = "kms", Key = "default", ContentBody = "two", ServerSideEncryptionMethod = ServerSideEncryptionMethod.AWSKMS })).ServerSideEncryptionKeyManagementServiceKeyId.ShouldBe("standard");
            }

            await gateway.KillAsync();
            await gateway.DisposeAsync();
            gateway = await GatewayProcess.StartAsync(folder["data"], "--kms-default-key", "standard");
            using var again = S3Clients.Default(gateway);
            using (var got = await again.GetObjectAsync("kms", "named")) (await new StreamReader(got.ResponseStream).ReadToEndAsync()).ShouldBe("one");
            (await RunAsync(gateway, "destroy", "payroll", "--yes")).ShouldSucceed();
            (await Should.ThrowAsync<AmazonS3Exception>(() => again.GetObjectAsync("kms", "named"))).ErrorCode.ShouldBe("KMS.NotFoundException");
            using (var got = await again.GetObjectAsync("kms", "default")) (await new StreamReader(got.ResponseStream).ReadToEndAsync()).ShouldBe("two");
        }
        finally
        {
            await gateway.DisposeAsync();
        }
    }

    private static Task<Tool.Result> RunAsync(GatewayProcess gateway, params string[] arguments)
    {
        var environment = new Dictionary<string, string>(gateway.ClientEnvironment(gateway.Data))
        {
            ["OORT_ACCESS_KEY"] = GatewayProcess.AccessKey,
            ["OORT_SECRET_KEY"] = GatewayProcess.SecretKey,
        };
        return Tool.RunAsync(GatewayProcess.Executable, ["kms", .. arguments], environment);
    }
}
