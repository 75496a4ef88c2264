using Amazon.Runtime;
using Amazon.S3;

namespace Oort.Conformance.Harness;

/// <summary>S3 clients of the .NET SDK.</summary>
internal static class S3Clients
{
    /// <summary>At its default settings but for the address: default checksums, default retries.</summary>
    public static AmazonS3Client Default(GatewayProcess gateway) => Default(gateway.Endpoint);

    /// <summary>As <see cref="Default(GatewayProcess)"/>, for a gateway that may be another process by now.</summary>
    public static AmazonS3Client Default(string endpoint) => new(new BasicAWSCredentials(GatewayProcess.AccessKey, GatewayProcess.SecretKey), Config(endpoint));

    /// <summary>Without retries, so that a test sees each failure and knows what was acknowledged.</summary>
    public static AmazonS3Client WithoutRetries(GatewayProcess gateway) => WithoutRetries(gateway.Endpoint);

    /// <summary>As <see cref="WithoutRetries(GatewayProcess)"/>, for a gateway that may be another process by now.</summary>
    public static AmazonS3Client WithoutRetries(string endpoint)
    {
        var config = Config(endpoint);
        config.MaxErrorRetry = 0;
        config.Timeout = TimeSpan.FromSeconds(60);
        return new(new BasicAWSCredentials(GatewayProcess.AccessKey, GatewayProcess.SecretKey), config);
    }

    private static AmazonS3Config Config(string endpoint) => new()
    {
        ServiceURL = endpoint,
        ForcePathStyle = true,
        AuthenticationRegion = "us-east-1",
        UseHttp = true,
    };
}
