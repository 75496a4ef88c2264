using System.Collections.Immutable;
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
    public ValueTask<KeyStatus> GetKeyStatusAsync(CancellationToken cancellationToken) => rotation.GetStatusAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ShredStatus> ShredAsync(CancellationToken cancellationToken) => shredder.RunAsync(now: true, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ImmutableArray<ErasureStatus>> FindErasedAsync(DataId? data, ulong version, CancellationToken cancellationToken) =>
        [.. await shredder.FindAsync(data, version, ErasedCountMax, cancellationToken)];
}
