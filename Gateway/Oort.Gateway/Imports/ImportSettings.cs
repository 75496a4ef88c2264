using System.Text.Json;
using Oort.Metadata;
using Oort.S3.Client;

namespace Oort.Gateway.Imports;

/// <summary>What a bucket's import is doing.</summary>
public enum ImportState
{
    /// <summary>Objects are copied in the background; what is asked for and not yet here is fetched first.</summary>
    Copying,

    /// <summary>Nothing is copied in the background; what is asked for is still fetched.</summary>
    Paused,

    /// <summary>Every key of the source was seen once; what is asked for and not here is still fetched.</summary>
    Copied,
}

/// <summary>Where a bucket's objects come from. Kept as the bucket's setting <see cref="Name"/>, in JSON: so it lasts, and goes with the bucket.</summary>
/// <param name="Gateway">Id of the gateway through which it was begun, paused or gone on with. One of all gateways copies in the background; each fetches what it is asked for.</param>
/// <param name="Prefix">Keys of the source that belong to the import; they keep their names.</param>
/// <param name="AccessKey">"": requests are not signed.</param>
/// <param name="SealedSecret">Secret and session token, sealed under the keyring for this bucket; empty without keys.</param>
/// <param name="Concurrency">Objects copied at once in the background.</param>
/// <param name="BytesPerSecond">Of the background; 0: no limit.</param>
public sealed record ImportSettings(
    ImportState State,
    string Gateway,
    Uri Endpoint,
    string Region,
    S3Addressing Addressing,
    string Bucket,
    string Prefix,
    string AccessKey,
    byte[] SealedSecret,
    int Concurrency,
    long BytesPerSecond,
    DateTimeOffset Started)
{
    /// <summary>Of the setting.</summary>
    public const string Name = "import";

    /// <summary>The import of a bucket; null when it has none.</summary>
    public static ImportSettings? Of(BucketRow bucket) =>
        bucket.Settings.TryGetValue(Name, out var bytes) ? JsonSerializer.Deserialize<ImportSettings>(bytes.AsSpan(), AdminJson.Options) : null;

    public BucketRow PutInto(BucketRow bucket) => bucket with { Settings = bucket.Settings.SetItem(Name, [.. JsonSerializer.SerializeToUtf8Bytes(this, AdminJson.Options)]) };

    public override string ToString() => $"import from {Endpoint} s3://{Bucket}/{Prefix}";
}

/// <summary>A key that was not copied.</summary>
public sealed record ImportFailure(string Key, string Message);

/// <summary>How far an import is. Kept as the cluster setting "import/BUCKET-ID" and written after each page of the source's listing.</summary>
/// <param name="After">Every key up to this one has been dealt with.</param>
/// <param name="Copied">Objects that were copied, those fetched because they were asked for included.</param>
/// <param name="Present">Objects that were here already, the same.</param>
/// <param name="Kept">Objects that were written or deleted here, and so stay as they are here.</param>
/// <param name="Unverified">Of those copied: the source gave neither an MD5 nor a checksum of the whole, so only the length was compared.</param>
/// <param name="Failed">Objects that could not be copied.</param>
/// <param name="Failures">The first of these.</param>
/// <param name="Waiting">Why it does not come forward just now; null when it does.</param>
/// <param name="Pass">When the pass began of which it tells; null: an earlier program wrote it.</param>
public sealed record ImportProgress(string After, long Copied, long Present, long Kept, long Unverified, long Failed, long Bytes, IReadOnlyList<ImportFailure> Failures, string? Waiting = null, DateTimeOffset? Pass = null)
{
    /// <summary>Failures that are remembered by name: beyond this many something is wrong with all of them.</summary>
    public const int FailureCountMax = 200;

    public static ImportProgress None { get; } = new("", 0, 0, 0, 0, 0, 0, []);

    public static string SettingName(BucketId bucket) => $"import/{bucket}";
}
