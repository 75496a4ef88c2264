using System.Collections.Immutable;
using System.Text.Json;
using Oort.Gateway.Access;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Settings;

/// <summary>GetBucketTagging, PutBucketTagging and DeleteBucketTagging, and the setting "tagging" (docs/formats/bucket-tags.md).</summary>
internal static class BucketTags
{
    public const string SettingName = "tagging";
    public const byte Version = 1;

    public const int CountMax = S3Documents.BucketTagCountMax;

    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var tags = Of(bucket);
        if (tags.IsEmpty) throw new S3Exception(S3Errors.NoSuchTagSet, null, ("BucketName", bucket.Name));
        await S3Xml.WriteTaggingAsync(Answers.Xml(request), tags, cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var tags = ObjectTags.CheckText(S3Documents.ParseTagging(await RequestDocuments.ReadAsync(request, cancellationToken), CountMax));
        await SetAsync(context, bucket, tags, cancellationToken);
        Answers.Empty(request, 204);
    }

    public static async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        await SetAsync(context, await context.FindBucketAsync(request, cancellationToken), [], cancellationToken);
        Answers.Empty(request, 204);
    }

    /// <summary>In the order of the keys' characters.</summary>
    /// <exception cref="MetadataFormatException">The setting is none.</exception>
    public static ImmutableArray<S3Tag> Of(BucketRow bucket) => bucket.Settings.TryGetValue(SettingName, out var setting) ? Decode(setting.AsSpan()) : [];

    /// <param name="tags">Checked; none removes the setting.</param>
    public static BucketRow On(BucketRow bucket, IReadOnlyList<S3Tag> tags) => bucket with { Settings = tags.Count == 0 ? bucket.Settings.Remove(SettingName) : bucket.Settings.SetItem(SettingName, Encode(tags)) };

    public static ImmutableArray<byte> Encode(IReadOnlyList<S3Tag> tags) =>
        [Version, .. JsonSerializer.SerializeToUtf8Bytes(tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => new[] { tag.Key, tag.Value }))];

    /// <exception cref="MetadataFormatException">The bytes are none.</exception>
    public static ImmutableArray<S3Tag> Decode(ReadOnlySpan<byte> setting)
    {
        try
        {
            var pairs = setting.Length > 1 && setting[0] == Version ? JsonSerializer.Deserialize<string?[]?[]>(setting[1..]) : null;
            var isValid = pairs is { Length: > 0 and <= CountMax } && pairs.All(pair => pair is [{ Length: > 0 and <= S3Headers.TagKeyLengthMax }, { Length: <= S3Headers.TagValueLengthMax }])
                && pairs.Zip(pairs.Skip(1)).All(two => string.CompareOrdinal(two.First![0], two.Second![0]) < 0);
            if (isValid) return [.. pairs!.Select(pair => new S3Tag(pair![0]!, pair[1]!))];
        }
        catch (JsonException)
        {
            // Said below, as of everything that is none.
        }

        throw new MetadataFormatException("The setting \"tagging\" of a bucket is none.");
    }

    private static async ValueTask SetAsync(OperationContext context, BucketRow bucket, IReadOnlyList<S3Tag> tags, CancellationToken cancellationToken) =>
        Errors.InnerErrors.ThrowUnlessDone(await context.Metadata.UpdateBucketAsync(bucket.Id, row => On(row, tags), cancellationToken));
}
