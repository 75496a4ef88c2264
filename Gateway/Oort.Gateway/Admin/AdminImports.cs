using Microsoft.AspNetCore.Http;
using Oort.Gateway.Imports;
using Oort.Metadata;
using Oort.S3.Client;

namespace Oort.Gateway;

/// <summary>Body of <c>POST imports</c>. Its secret is sealed at once and never shown again.</summary>
/// <param name="Bucket">Here.</param>
/// <param name="Endpoint">URL of the source.</param>
/// <param name="Region">Null: us-east-1.</param>
/// <param name="Addressing">"auto", "path" or "virtualHost"; null: auto.</param>
/// <param name="Prefix">Null: all keys.</param>
/// <param name="AccessKey">Null: requests to the source are not signed.</param>
/// <param name="Concurrency">Objects at once, 1 to 256; null: 8.</param>
/// <param name="BytesPerSecond">Null or 0: no limit.</param>
/// <param name="Lazy">Nothing is copied in the background, only what is asked for.</param>
public sealed record ImportRequest(
    string? Bucket,
    string? Endpoint,
    string? Region,
    S3Addressing? Addressing,
    string? SourceBucket,
    string? Prefix,
    string? AccessKey,
    string? SecretKey,
    string? SessionToken,
    int? Concurrency,
    long? BytesPerSecond,
    bool Lazy)
{
    public override string ToString() => $"import of {Bucket} from {Endpoint}";
}

/// <summary>An import in the admin API.</summary>
public sealed record ImportModel(string Bucket, ImportState State, string Source, string Endpoint, string Region, DateTimeOffset Started, int Concurrency, long BytesPerSecond, ImportProgress Progress);

/// <summary>Answer of <c>GET imports</c>; failures only by number.</summary>
public sealed record ImportsModel(IReadOnlyList<ImportModel> Imports);

/// <summary>The imports in the admin API.</summary>
internal sealed class AdminImports(ImportService imports, IMetadataStore metadata)
{
    private const int ConcurrencyDefault = 8;
    private const int ConcurrencyMax = 256;

    public async ValueTask<ImportsModel> ListAsync(CancellationToken cancellationToken) =>
        new([.. (await imports.ListAsync(cancellationToken)).Select(import => Model(import.Bucket, import.Settings, import.Progress with { Failures = [] }))]);

    public async ValueTask<ImportModel> ShowAsync(string name, CancellationToken cancellationToken)
    {
        var bucket = await FindAsync(name, cancellationToken);
        var settings = ImportSettings.Of(bucket) ?? throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", $"Bucket {name} is not being imported.");
        return Model(bucket, settings, await imports.ProgressAsync(bucket, cancellationToken));
    }

    public async ValueTask<ImportModel> BeginAsync(ImportRequest request, CancellationToken cancellationToken)
    {
        var name = request.Bucket ?? throw Invalid("\"bucket\" is missing.");
        var endpoint = Uri.TryCreate(request.Endpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url!.UserInfo.Length == 0 && url.Query.Length == 0
            ? url
            : throw Invalid("\"endpoint\" must be an http or https URL.");
        if (string.IsNullOrEmpty(request.SourceBucket)) throw Invalid("\"sourceBucket\" is missing.");
        if (request.Concurrency is < 1 or > ConcurrencyMax) throw Invalid($"\"concurrency\" must be from 1 to {ConcurrencyMax}.");
        if (request.BytesPerSecond < 0) throw Invalid("\"bytesPerSecond\" must not be negative.");
        if ((request.AccessKey is null) != (request.SecretKey is null)) throw Invalid("\"accessKey\" and \"secretKey\" go together.");
        var bucket = await FindAsync(name, cancellationToken);
        var settings = new ImportSettings(
            request.Lazy ? ImportState.Paused : ImportState.Copying, "", endpoint, request.Region ?? "us-east-1", request.Addressing ?? S3Addressing.Auto,
            request.SourceBucket, request.Prefix ?? "", "", [], request.Concurrency ?? ConcurrencyDefault, request.BytesPerSecond ?? 0, default);
        try
        {
            await imports.BeginAsync(bucket, settings, request.AccessKey is null ? null : new(request.AccessKey, request.SecretKey!, request.SessionToken), cancellationToken);
        }
        catch (S3ClientException e)
        {
            throw new AdminRequestException(StatusCodes.Status422UnprocessableEntity, "SourceUnusable", $"The source cannot be used: {e.Message}");
        }

        return await ShowAsync(name, cancellationToken);
    }

    public async ValueTask<object> ChangeAsync(string name, string action, CancellationToken cancellationToken)
    {
        var bucket = await FindAsync(name, cancellationToken);
        switch (action)
        {
            case "pause":
                await imports.SetStateAsync(bucket, ImportState.Paused, cancellationToken);
                break;
            case "resume":
                await imports.SetStateAsync(bucket, ImportState.Copying, cancellationToken);
                break;
            case "end":
                var last = await ShowAsync(name, cancellationToken);
                await imports.EndAsync(bucket, cancellationToken);
                return last;
            default:
                throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", $"An import cannot {action}; it can pause, resume and end.");
        }

        return await ShowAsync(name, cancellationToken);
    }

    private async ValueTask<BucketRow> FindAsync(string name, CancellationToken cancellationToken) =>
        await metadata.FindBucketAsync(name, cancellationToken)
        ?? throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", $"There is no bucket {name}; make it first, with any S3 client.");

    private static ImportModel Model(BucketRow bucket, ImportSettings settings, ImportProgress progress) => new(
        bucket.Name, settings.State, $"s3://{settings.Bucket}/{settings.Prefix}", settings.Endpoint.ToString(), settings.Region, settings.Started, settings.Concurrency, settings.BytesPerSecond, progress);

    private static AdminRequestException Invalid(string message) => new(StatusCodes.Status400BadRequest, "InvalidArgument", message);
}
