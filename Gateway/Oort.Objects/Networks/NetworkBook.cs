using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects.Networks;

/// <summary>The outside networks of the cluster, as this gateway has them open, and how they are changed.</summary>
/// <remarks>Thread-safe. Other gateways hear of changes by <see cref="LoadAsync"/>.</remarks>
internal sealed partial class NetworkBook(StoreSet stores, IMetadataStore metadata, Keyring keyring, INetworkFactory? factory, NetworkBlocks blocks, TimeProvider time, ILogger<NetworkBook> logger) : IAsyncDisposable
{
    private readonly SemaphoreSlim changing = new(1, 1);

    /// <summary>What holds now.</summary>
    public NetworkDocument Document { get; private set; } = NetworkDocument.Empty;

    /// <summary>Takes over what the metadata say, if they say something newer.</summary>
    /// <returns>Whether it was.</returns>
    /// <exception cref="NetworkException">The setting cannot be read.</exception>
    public async ValueTask<bool> LoadAsync(CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var stored = Decode(await metadata.GetSettingAsync(NetworkDocument.SettingName, cancellationToken));
            if (stored.Revision <= Document.Revision) return false;
            await TakeOverAsync(stored);
            return true;
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Adds a network; durable when it returns.</summary>
    /// <param name="wanted">Its id is not looked at, nor its sealed secrets.</param>
    /// <param name="secret">In the clear; empty: none.</param>
    /// <exception cref="NetworkException">It breaks a rule, or there is one of this name; nothing has changed.</exception>
    public async ValueTask<NetworkDefinition> AddAsync(NetworkDefinition wanted, ReadOnlyMemory<byte> secret, CancellationToken cancellationToken)
    {
        var added = wanted with { Id = StoreId.Read(RandomNumberGenerator.GetBytes(StoreId.Size)), Role = NetworkRole.Active, Secret = [] };
        // Settings that no backend takes are refused now, and not found at the next start.
        if (factory is null) throw new NetworkException("This program speaks to no networks.");
        await factory.Open(added, secret.Span).DisposeAsync();
        added = added with { Secret = secret.IsEmpty ? [] : keyring.SealSecret(added.SecretContext, secret.Span) };
        await ChangeAsync(before => before.Any(one => one.Name == added.Name) ? throw new NetworkException($"There is a network {added.Name} already.") : before.Add(added), cancellationToken);
        return added;
    }

    /// <summary>Gives a network another role; durable when it returns.</summary>
    /// <exception cref="NetworkException">There is no such network.</exception>
    public async ValueTask SetRoleAsync(string name, NetworkRole role, CancellationToken cancellationToken) =>
        await ChangeAsync(before => before.Replace(Find(before, name), Find(before, name) with { Role = role }), cancellationToken);

    /// <summary>Forgets a network that nothing is on any more; durable when it returns.</summary>
    /// <exception cref="NetworkException">There is no such network, it is not being drained, or holds something yet.</exception>
    public async ValueTask RemoveAsync(string name, CancellationToken cancellationToken)
    {
        var network = Find(Document.Networks, name);
        if (network.Role != NetworkRole.Draining) throw new NetworkException($"Network {name} is in use; drain it first.");
        if (!(await metadata.ListSegmentsAsync(default, 1, notFullOnly: false, network.Id, cancellationToken)).IsEmpty) throw new NetworkException($"Network {name} still holds shards that are in use; they are being moved to hot stores.");
        foreach (var item in (ItemRow[])[.. await metadata.ListItemsAsync(network.Id, null, 1, cancellationToken), .. await metadata.ListItemsAsync(network.DraftId, null, 1, cancellationToken)])
            throw new NetworkException($"Network {name} still has item {item.Item.Id}, which is {item.Item.State}.");
        await ChangeAsync(before => before.Remove(Find(before, name)), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var network in stores.Networks.Values) await network.DisposeAsync();
        changing.Dispose();
    }

    private async ValueTask ChangeAsync(Func<ImmutableArray<NetworkDefinition>, ImmutableArray<NetworkDefinition>> change, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var stored = await metadata.GetSettingAsync(NetworkDocument.SettingName, cancellationToken);
            var before = Decode(stored);
            var after = new NetworkDocument(before.Revision + 1, [.. change(before.Networks).OrderBy(one => one.Name, StringComparer.Ordinal)]).Checked();
            if (!await metadata.ReplaceSettingAsync(NetworkDocument.SettingName, stored, after.Encode(), CancellationToken.None))
                throw new NetworkException("The networks were changed through another gateway at the same moment. Look at them, and try again.");
            await TakeOverAsync(after);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Under <see cref="changing"/>. Opens what is new, gives what stays its new role, and closes what has gone.</summary>
    private async ValueTask TakeOverAsync(NetworkDocument document)
    {
        var before = stores.Networks;
        stores.SetNetworks(document.Networks.Select(Open).ToFrozenDictionary(network => network.Id));
        Document = document;
        foreach (var gone in before.Values.Where(network => !stores.Networks.ContainsKey(network.Id))) await gone.DisposeAsync();

        NetworkStore Open(NetworkDefinition definition)
        {
            if (before.GetValueOrDefault(definition.Id) is { } known) return new(definition, known.Backend, known.Fault, known.Tally, blocks, metadata, time);
            try
            {
                if (factory is null) throw new NetworkException("This program speaks to no networks.");
                var secret = definition.Secret.Length == 0 ? [] : keyring.OpenSecret(definition.SecretContext, definition.Secret) ?? throw new NetworkException("Its secrets were sealed by another keyring, or are damaged. Remove the network and add it again.");
                try
                {
                    return new(definition, factory.Open(definition, secret), "", new(time), blocks, metadata, time);
                }
                finally
                {
                    CryptographicOperations.ZeroMemory(secret);
                }
            }
            catch (NetworkException failure)
            {
                // A gateway must start without it: else nothing could be put right.
                LogNotOpened(logger, definition.Name, failure);
                return new(definition, null, failure.Message, new(time), blocks, metadata, time);
            }
        }
    }

    private static NetworkDefinition Find(ImmutableArray<NetworkDefinition> networks, string name) => networks.FirstOrDefault(one => one.Name == name) ?? throw new NetworkException($"There is no network {name}.");

    private static NetworkDocument Decode(byte[]? stored) => stored is { Length: > 0 } ? NetworkDocument.Decode(stored) : NetworkDocument.Empty;

    [LoggerMessage(Level = LogLevel.Error, Message = "Network {Name} cannot be opened; what lies there cannot be read now.")]
    private static partial void LogNotOpened(ILogger logger, string name, Exception failure);
}
