using System.Globalization;
using System.Security.Cryptography;
using Oort.S3.Client;

namespace Oort.Backends.S3;

/// <summary>A bucket of any S3 cloud as a place for items (docs/networks.md, "S3 clouds").</summary>
/// <remarks>
/// Planned: 1. the source is hashed; 2. what is there already is taken, and not sent again; 3. a short item is put, 4. for a long one an upload is begun: Uploading. 5. Its parts are sent, some a step, and
/// completed: Accepted. 6. The cloud's length and checksums are compared: Confirmed. 7. The item is read back: Sealed. 8. Sealed: it is looked at now and then.
/// </remarks>
public sealed partial class S3NetworkBackend : INetworkBackend
{
    private readonly S3NetworkOptions options;
    private readonly S3Client client;
    private readonly TimeProvider time;

    /// <param name="clientTime">The clock that retries and stalls are measured with, and requests dated.</param>
    /// <param name="jitter">For the delays of retries.</param>
    /// <exception cref="ArgumentException">An option is none.</exception>
    public S3NetworkBackend(S3NetworkOptions options, TimeProvider time, TimeProvider clientTime, Random jitter)
    {
        options.Validate();
        this.options = options;
        this.time = time;
        client = new(options.Client, options.Keys, clientTime, jitter);
        Traits = new()
        {
            Kind = "s3",
            ItemLengthMax = options.ItemLengthMax,
            BundleBelow = options.BundleBelow ?? S3Prices.BundleBelowOf(options.StorageClass, options.PricesOfClass),
            ReadsRanges = true,
            Lists = true,
            AddressKind = AddressKind.OwnKey,
            Latency = options.IsArchive ? Latency.Archive : Latency.Warm,
            Retention = Retention.Deletable,
            Proofs = ProofKinds.Claim | ProofKinds.ReadBack,
            IsPublic = options.IsPublic,
            Checks = ChecksOf(options),
        };
        Location = $"{options.Client.Endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{options.Bucket}/{options.Prefix}";
    }

    public NetworkTraits Traits { get; }

    public string Location { get; }

    public async ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await S3Failures.GuardAsync(() => item.State switch
        {
            ItemState.Planned => BeginAsync(item, source, cancellationToken),
            ItemState.Uploading => SendPartsAsync(item, source, cancellationToken),
            ItemState.Accepted => ConfirmAsync(item, cancellationToken),
            ItemState.Confirmed => SealAsync(item, cancellationToken),
            ItemState.Sealed => LookAsync(item, cancellationToken),
            _ => throw new ArgumentException($"An item takes no step from {item.State}.", nameof(item)),
        });
    }

    public async ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var locator = ItemLocator.Read(receipt.Locator);
        var count = (int)Math.Min(destination.Length, Math.Max(0, locator.Length - offset));
        if (count == 0) return 0;
        var range = destination[..count];
        await S3Failures.GuardAsync(() => ReadRangeAsync(locator, offset, range, cancellationToken));
        if (count == locator.Length && !SHA256.HashData(range.Span).AsSpan().SequenceEqual(locator.Sha256.Span)) throw Wrong(locator.Key, "does not have its SHA-256");
        return count;
    }

    public async ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken)
    {
        if (item.Receipt is null) return new(false, ProofKinds.None, 0, "The cloud has not taken it yet.");
        var locator = ItemLocator.Read(item.Receipt.Locator);
        var notes = ItemNotes.Read(item.Progress, item.Length);
        try
        {
            return await S3Failures.GuardAsync<NetworkEvidence>(async () =>
            {
                var info = await FindAsync(locator.Key, locator.VersionId, cancellationToken) ?? throw await MissingAsync(locator.Key, cancellationToken);
                CheckClaims(info, item, notes, locator.Key);
                var isAway = S3Prices.IsArchive(info.StorageClass) && !IsBroughtBack(info);
                if (isAway) return new(true, ProofKinds.Claim, 0, "The cloud says that it is there, in the archive; reading it would mean to bring it back.");
                if (depth == VerifyDepth.Exists) return new(true, ProofKinds.Claim, 0, "The cloud says that it is there, with its length and its checksums where it has some.");
                var read = depth == VerifyDepth.Full ? await ReadAllAsync(locator, cancellationToken) : await ReadSomeAsync(locator, notes, 1, cancellationToken);
                return new(true, ProofKinds.ReadBack, read, string.Create(CultureInfo.InvariantCulture, $"{read} of {item.Length} bytes were read and are right."));
            });
        }
        catch (BackendException e) when (e.Kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt)
        {
            return new(false, depth == VerifyDepth.Exists ? ProofKinds.Claim : ProofKinds.ReadBack, 0, e.Message);
        }
    }

    /// <remarks>In a bucket with versions it is the version that goes, not only what names it.</remarks>
    public async ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        var key = KeyOf(item);
        return await S3Failures.GuardAsync<(DeleteOutcome, DateTimeOffset?)>(async () =>
        {
            var locator = item.Receipt is { } receipt ? ItemLocator.Read(receipt.Locator) : null;
            if (locator is null)
            {
                // It may have been put, or begun, by a step whose result was never stored.
                await AbortUploadsAsync(key, cancellationToken);
                locator = new(item.Length, item.Sha256, (await FindAsync(key, null, cancellationToken))?.VersionId, key);
            }

            await client.DeleteObjectAsync(options.Bucket, locator.Key, locator.VersionId, cancellationToken);
            return (DeleteOutcome.Deleted, null);
        });
    }

    public ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken) => new(options.PricesOfClass);

    /// <returns>Null: clouds send a bill.</returns>
    public ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => new((NetworkAccount?)null);

    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        const int probeSize = 16;
        var bytes = RandomNumberGenerator.GetBytes(probeSize);
        var key = $"{options.Prefix}/probe-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        await S3Failures.GuardAsync(async () =>
        {
            await client.HeadBucketAsync(options.Bucket, cancellationToken);
            // Without the right to list, clouds answer 403 for what is not there, and nothing could be told from a refusal.
            if (await FindAsync(key, null, cancellationToken) is not null) throw Wrong(key, "is there, which nobody has put");
            S3Stored? stored = null;
            try
            {
                var body = new S3Body(probeSize, _ => ValueTask.FromResult<Stream>(new MemoryStream(bytes, writable: false)));
                stored = await client.PutObjectAsync(options.Bucket, key, body, S3PutOptions.None, cancellationToken);
                var read = new byte[probeSize];
                await ReadRangeAsync(new(probeSize, default, stored.VersionId, key), 0, read, cancellationToken);
                if (!read.AsSpan().SequenceEqual(bytes)) throw Wrong(key, "was read back with other bytes");
                await AbortUploadsAsync(key, cancellationToken);
            }
            finally
            {
                await client.DeleteObjectAsync(options.Bucket, key, stored?.VersionId, CancellationToken.None);
            }

            return 0;
        });
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>HEAD before a put and after it; then the read-back, for which an archive is asked again and again, each time by GET and HEAD; then a HEAD each look.</summary>
    private static NetworkChecks ChecksOf(S3NetworkOptions options) => new()
    {
        PutLengthMax = options.PartsAbove,
        PartLength = options.PartSize,
        SealReads = options.ReadBack == S3ReadBack.Full ? 1 : options.SampledBlockCount,
        // A block is a power of two, and so up to twice the 64th part.
        SealShare = options.ReadBack == S3ReadBack.Full ? 1 : Math.Min(1, 2.0 * options.SampledBlockCount / ItemNotes.BlockCountMax),
        SealLooks = 2 + (options.IsArchive ? 2 * Math.Ceiling(S3Prices.BulkWait(options.StorageClass) / options.RestoreInterval) : 0),
        LookInterval = options.LookInterval,
    };

    private string KeyOf(NetworkItem item) => $"{options.Prefix}/{item.Id}";

    private BackendException Wrong(string key, string what) => new(BackendErrorKind.Corrupt, $"s3://{options.Bucket}/{key} {what}. It cannot be relied on.");
}
