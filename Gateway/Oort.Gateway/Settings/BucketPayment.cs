using System.Collections.Immutable;
using Oort.Access;
using Oort.Gateway.Access;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Settings;

/// <summary>GetBucketRequestPayment and PutBucketRequestPayment, and what follows for requests (docs/formats/request-payment.md).</summary>
internal static class BucketPayment
{
    public const string SettingName = "request-payment";
    public const byte Version = 1;
    public const int PayerOffset = 1;

    private const byte Owner = 0;
    private const byte Requester = 1;
    private const int Size = 2;

    private static readonly ConfigurationShape shape = ConfigurationShape.All("RequestPaymentConfiguration", ConfigurationShape.OneOf("Payer", "BucketOwner", "Requester"));

    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var payer = bucket.Settings.TryGetValue(SettingName, out var setting) && Decode(setting.AsSpan()) ? "Requester" : "BucketOwner";
        var pipe = Answers.Xml(request);
        new ConfigurationElement("RequestPaymentConfiguration", "", [new("Payer", payer, [])]).WriteRoot(new(pipe));
        await pipe.FlushAsync(cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var isRequesters = shape.Parse(await RequestDocuments.ReadAsync(request, cancellationToken)).Find("Payer") == "Requester";
        await context.PutSettingAsync(bucket, SettingName, Encode(isRequesters), cancellationToken);
        Answers.Empty(request);
    }

    /// <summary>Where the requester pays, others than the owner's account must say that they know (S3 API: "Using Requester Pays buckets").</summary>
    /// <param name="owner">Number of the account that owns the bucket.</param>
    /// <exception cref="S3Exception">AccessDenied.</exception>
    public static void Ensure(S3Request request, Caller caller, BucketRow bucket, string owner)
    {
        // A setting that cannot be read may say so.
        if (!bucket.Settings.TryGetValue(SettingName, out var setting) || setting is [Version, Owner] || caller.Principal.Account == owner) return;
        var says = request.Header("x-amz-request-payer") ?? request.Query("x-amz-request-payer");
        if (caller.Principal.Kind == PrincipalKind.Anonymous || says != "requester") throw new S3Exception(S3Errors.AccessDenied, "The requester pays for this bucket: x-amz-request-payer must say so.");
        request.Http.Response.Headers["x-amz-request-charged"] = "requester";
    }

    public static ImmutableArray<byte> Encode(bool isRequesters) => [Version, isRequesters ? Requester : Owner];

    /// <returns>Whether the requester pays.</returns>
    /// <exception cref="MetadataFormatException">The bytes are none.</exception>
    public static bool Decode(ReadOnlySpan<byte> setting) => setting.Length == Size && setting[0] == Version && setting[PayerOffset] <= Requester
        ? setting[PayerOffset] == Requester
        : throw new MetadataFormatException("The setting \"request-payment\" of a bucket is none.");
}
