using Microsoft.Extensions.Logging;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>The storage classes that are given up, as this gateway has heard of them, and how that is changed.</summary>
/// <remarks>Thread-safe. Other gateways hear of changes by <see cref="LoadAsync"/>.</remarks>
internal sealed partial class TierBook(IMetadataStore metadata, TimeProvider time, ILogger<TierBook> logger)
{
    private volatile TierDocument document = TierDocument.Empty;

    /// <summary>What holds now.</summary>
    public TierDocument Document => document;

    /// <summary>Takes over what other gateways have changed. By a list that cannot be read nothing is moved; the gateway serves on with the one before.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        try
        {
            document = Decode(await metadata.GetSettingAsync(TierDocument.SettingName, cancellationToken));
        }
        catch (TierException failure)
        {
            LogUnreadable(logger, failure.Message);
        }
    }

    /// <summary>Gives a class up, or another way; durable when it returns.</summary>
    /// <exception cref="TierException">It cannot be given up so; nothing has changed.</exception>
    public ValueTask<TierDocument> DrainAsync(string storageClass, string to, CancellationToken cancellationToken)
    {
        var since = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        return ChangeAsync(before => before.Find(storageClass) is { } known && known.To == to
            ? before
            : new([.. before.Drained.Where(tier => tier.StorageClass != storageClass), new(storageClass, to, TierRole.Draining, since)]), cancellationToken);
    }

    /// <summary>Takes a class into use again; durable when it returns.</summary>
    /// <exception cref="TierException">It is in use.</exception>
    public ValueTask<TierDocument> ResumeAsync(string storageClass, CancellationToken cancellationToken) =>
        ChangeAsync(before => before.Find(storageClass) is { } tier ? new(before.Drained.Remove(tier)) : throw new TierException($"{storageClass} is in use; nothing has changed."), cancellationToken);

    /// <summary>Says of classes that nothing is left in them, as far as they are still as they were seen.</summary>
    public async ValueTask SettleAsync(IReadOnlyCollection<DrainedTier> empty, CancellationToken cancellationToken)
    {
        await ChangeAsync(before => new([.. before.Drained.Select(tier => empty.Contains(tier) ? tier with { Role = TierRole.Drained } : tier)]), cancellationToken);
        foreach (var tier in empty) LogDrained(logger, tier.StorageClass);
    }

    private async ValueTask<TierDocument> ChangeAsync(Func<TierDocument, TierDocument> change, CancellationToken cancellationToken)
    {
        var stored = await metadata.ChangeSettingAsync(TierDocument.SettingName, before => change(Decode(before)).Checked().Encode(), cancellationToken);
        return document = Decode(stored);
    }

    private static TierDocument Decode(byte[]? stored) => stored is { Length: > 0 } ? TierDocument.Decode(stored) : TierDocument.Empty;

    [LoggerMessage(Level = LogLevel.Information, Message = "Nothing is left in storage class {StorageClass}.")]
    private static partial void LogDrained(ILogger logger, string storageClass);

    [LoggerMessage(Level = LogLevel.Error, Message = "The list of tiers cannot be used; the one before holds: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string reason);
}
