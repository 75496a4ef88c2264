using System.Collections.Immutable;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Settings;

/// <summary>GetBucketAccelerateConfiguration and PutBucketAccelerateConfiguration: kept and returned (docs/formats/acceleration.md).</summary>
internal static class BucketAcceleration
{
    public const string SettingName = "accelerate";
    public const byte Version = 1;
    public const int StatusOffset = 1;
    private const int Size = 2;

    private static readonly string[] statuses = ["Enabled", "Suspended"];
    private static readonly ConfigurationShape shape = ConfigurationShape.All("AccelerateConfiguration", ConfigurationShape.OneOf("Status", statuses));

    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        ConfigurationElement[] status = bucket.Settings.TryGetValue(SettingName, out var setting) ? [new("Status", Decode(setting.AsSpan()), [])] : [];
        var pipe = Answers.Xml(request);
        new ConfigurationElement("AccelerateConfiguration", "", status).WriteRoot(new(pipe));
        await pipe.FlushAsync(cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        if (bucket.Name.Contains('.', StringComparison.Ordinal)) throw new S3Exception(S3Errors.InvalidRequest, "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names");
        var status = shape.Parse(await RequestDocuments.ReadAsync(request, cancellationToken)).Find("Status")!;
        await context.PutSettingAsync(bucket, SettingName, Encode(status), cancellationToken);
        Answers.Empty(request);
    }

    public static ImmutableArray<byte> Encode(string status) => [Version, (byte)(Array.IndexOf(statuses, status) + 1)];

    /// <exception cref="MetadataFormatException">The bytes are none.</exception>
    public static string Decode(ReadOnlySpan<byte> setting) => setting.Length == Size && setting[0] == Version && setting[StatusOffset] is 1 or 2
        ? statuses[setting[StatusOffset] - 1]
        : throw new MetadataFormatException("The setting \"accelerate\" of a bucket is none.");
}
