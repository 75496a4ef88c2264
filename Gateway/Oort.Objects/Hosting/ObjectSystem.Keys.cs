using System.Collections.Immutable;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Rotation of keys, and shredding.</summary>
public sealed partial class ObjectSystem
{
    private const int ErasedCountMax = 1_000;

    internal KeyRotation Rotation => rotation;

    internal Shredder Shredder => shredder;

    internal ImmutableArray<int> GetKeyVersions() => parts.Keyring.KeyVersions;

    /// <inheritdoc/>
    public async ValueTask<int> RotateKeyAsync(TimeSpan? destroyAfter, CancellationToken cancellationToken)
    {
        int? version = null;
        await RunAloneAsync("keyring", async alone => version = await rotation.RotateAsync(destroyAfter, alone), cancellationToken);
        return version ?? throw new KeyChangeException("Another gateway is making a new key just now; look at oort key list in a moment.");
    }

    /// <inheritdoc/>
    public ValueTask DestroyKeyAsync(int version, CancellationToken cancellationToken) => rotation.DestroyAsync(version, cancellationToken);

    /// <inheritdoc/>
    public ImmutableArray<NamedKeyState> ListNamedKeys() => parts.Keyring.ListNamedKeys();

    /// <inheritdoc/>
    public async ValueTask<NamedKeyState> CreateNamedKeyAsync(string name, CancellationToken cancellationToken)
    {
        RequireName(name);
        if (parts.Keyring.HasNamedKey(name)) throw new KeyChangeException($"There is a key \"{name}\" already.");
        return await MakeNamedKeyAsync(name, isNew: true, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<NamedKeyState> RotateNamedKeyAsync(string name, CancellationToken cancellationToken)
    {
        RequireName(name);
        return await MakeNamedKeyAsync(name, isNew: false, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DestroyNamedKeyAsync(string name, CancellationToken cancellationToken)
    {
        keeper.RequireAlone();
        RequireName(name);
        if (!parts.Keyring.HasNamedKey(name)) throw NoSuchNamedKey(name);
        await RequireNoneLockedAsync(name, cancellationToken);
        await keeper.ChangeAsync(changed =>
        {
            if (!changed.DestroyNamedKey(name)) throw NoSuchNamedKey(name);
        }, cancellationToken);
    }

    /// <summary>Locked versions keep their keys: goes through all versions of the buckets that lock.</summary>
    /// <exception cref="KeyChangeException">One of them is under the key.</exception>
    private async ValueTask RequireNoneLockedAsync(string name, CancellationToken cancellationToken)
    {
        const int pageSize = 1_000;
        var now = LockClock.At(await Metadata.GetSettingAsync(LockClock.SettingName, cancellationToken), time.GetUtcNow()).Time;
        for (var (after, isLast) = ("", false); !isLast;)
        {
            var buckets = await Metadata.ListBucketsAsync(null, "", after, pageSize, cancellationToken);
            isLast = buckets.Length < pageSize;
            if (buckets.Length > 0) after = buckets[^1].Name;
            foreach (var bucket in buckets.Where(BucketLock.IsOn))
            {
                var query = new ListVersionsQuery(bucket.Id, "", "", "", null, pageSize);
                for (var page = await Metadata.ListVersionsAsync(query, cancellationToken); ; page = await Metadata.ListVersionsAsync(query, cancellationToken))
                {
                    foreach (var version in page.Versions.Where(version => ObjectLock.Holds(version.Attributes, now)))
                    {
                        if (await IsUnderAsync(bucket, version, name, cancellationToken))
                            throw new KeyChangeException($"Version {version.IdText} of {bucket.Name}/{version.Key} is locked and under the key \"{name}\". A key is destroyed only when no locked version needs it; oort object and GetObjectRetention say how long it is held.");
                    }

                    if (!page.IsTruncated) break;
                    query = query with { AfterKey = page.LastKey, AfterVersionId = page.LastVersionId };
                }
            }
        }
    }

    private async ValueTask<bool> IsUnderAsync(BucketRow bucket, VersionRow version, string name, CancellationToken cancellationToken)
    {
        if (await Metadata.OpenVersionAsync(bucket.Id, version.Key, version.IdText, cancellationToken) is not { } found) return false;
        if (!found.Data.IsDefault) return IsUnder(found.Data);
        foreach (var some in found.Version.Extents.Select(extent => extent.Data).Distinct().Chunk(MetadataLimits.FoundDataMax))
            if (IsUnder(await Metadata.LocateAsync([.. some], cancellationToken))) return true;
        return false;

        bool IsUnder(ImmutableArray<DataLocation> data) => data.Any(location => location.Data.Nesting is { Name: var under } && under == name);
    }

    private async ValueTask<NamedKeyState> MakeNamedKeyAsync(string name, bool isNew, CancellationToken cancellationToken)
    {
        var isDone = false;
        await RunAloneAsync("keyring", async alone =>
        {
            await keeper.ChangeAsync(changed =>
            {
                // Decided on the copy, which other gateways' changes have gone into.
                if (changed.HasNamedKey(name) == isNew) throw isNew ? new KeyChangeException($"There is a key \"{name}\" already.") : NoSuchNamedKey(name);
                if (changed.NamedVersionCount >= Keyring.NamedVersionCountMax) throw new KeyChangeException("There are as many keys with names as a keyring can have.");
                changed.MakeNamedKey(name, time);
            }, alone);
            isDone = true;
        }, cancellationToken);
        if (!isDone) throw new KeyChangeException("Another gateway is making a key just now; try again in a moment.");
        return parts.Keyring.ListNamedKeys().First(key => key.Name == name);
    }

    private static void RequireName(string name)
    {
        if (!InnerKey.IsName(name)) throw new KeyChangeException($"A key's name has 1 to {InnerKey.NameLengthMax} letters, digits and / _ : . -");
    }

    private static KeyChangeException NoSuchNamedKey(string name) => new($"There is no key \"{name}\".");

    /// <inheritdoc/>
    public ValueTask<KeyStatus> GetKeyStatusAsync(CancellationToken cancellationToken) => rotation.GetStatusAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ShredStatus> ShredAsync(CancellationToken cancellationToken) => shredder.RunAsync(now: true, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ImmutableArray<ErasureStatus>> FindErasedAsync(DataId? data, ulong version, CancellationToken cancellationToken) =>
        [.. await shredder.FindAsync(data, version, ErasedCountMax, cancellationToken)];
}
