using Amazon.Runtime;
using Amazon.S3;

namespace Oort.Conformance.Harness;

/// <summary>S3 clients of the .NET SDK.</summary>
internal static class S3Clients
{
    /// <summary>At its default settings but for the address: default checksums, default retries.</summary>
    public static AmazonS3Client Default(GatewayProcess gateway) => new(new BasicAWSCredentials(GatewayProcess.AccessKey, GatewayProcess.SecretKey), Config(gateway));

    /// <summary>Without retries, so that a test sees each failure and knows what was acknowledged.</summary>
    public static AmazonS3Client WithoutRetries(GatewayProcess gateway)
    {
        var config = Config(gateway);
        config.MaxErrorRetry = 0;
        config.Timeout = TimeSpan.FromSeconds(60);
        return new(new BasicAWSCredentials(GatewayProcess.AccessKey, GatewayProcess.SecretKey), config);
    }

    private static AmazonS3Config Config(GatewayProcess gateway) => new()
    {
        ServiceURL = gateway.Endpoint,
        ForcePathStyle = true,
        AuthenticationRegion = "us-east-1",
        UseHttp = true,
    };
}
