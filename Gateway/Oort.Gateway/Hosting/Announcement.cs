using Oort.Objects;

namespace Oort.Gateway;

/// <summary>What a start prints for people: where, with which keys, and what to try first.</summary>
internal static class Announcement
{
    /// <summary>The phrase, before anything depends on it.</summary>
    public static void WritePhrase(TextWriter to, string words)
    {
        to.WriteLine($"Recovery phrase: {words}");
        to.WriteLine("  Write these 24 words down now: they are not shown again. With them and the disks everything can be rebuilt; without them nothing.");
        to.Flush();
    }

    public static void Write(TextWriter to, Uri endpoint, Uri admin, GatewayOptions options, RootCredentials credentials, SystemStatus status)
    {
        foreach (var warning in status.Warnings) to.WriteLine($"Warning: {warning}");
        to.WriteLine($"Oort {AdminApi.Version}: {status.Geometry} over {status.Stores.Length} stores; data directory {Path.GetFullPath(options.DataDirectory)}");
        if (credentials.IsNew)
        {
            to.WriteLine($"Access key: {credentials.AccessKey}");
            to.WriteLine($"Secret key: {credentials.SecretKey}   (shown only now; `oort key reset` makes new ones)");
        }

        var address = endpoint.ToString().TrimEnd('/');
        var secret = credentials.IsNew ? credentials.SecretKey : "…";
        to.WriteLine("Try it:");
        to.WriteLine($"  export AWS_ACCESS_KEY_ID={credentials.AccessKey} AWS_SECRET_ACCESS_KEY={secret} AWS_DEFAULT_REGION={options.Region}");
        to.WriteLine($"  aws --endpoint-url {address} s3 mb s3://first && aws --endpoint-url {address} s3 cp README.md s3://first/");
        to.WriteLine($"  curl --aws-sigv4 aws:amz:{options.Region}:s3 --user $AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY -T README.md {address}/first/readme");
        if (admin != endpoint) to.WriteLine($"Admin endpoint: {admin.ToString().TrimEnd('/')}");
        to.WriteLine($"S3 endpoint: {address}");
        to.Flush();
    }
}
