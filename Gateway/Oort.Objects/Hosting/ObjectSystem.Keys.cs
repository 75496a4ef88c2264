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
        await keeper.ChangeAsync(changed =>
        {
            if (!changed.DestroyNamedKey(name)) throw NoSuchNamedKey(name);
        }, cancellationToken);
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
