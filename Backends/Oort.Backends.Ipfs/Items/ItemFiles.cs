using System.Security.Cryptography;

namespace Oort.Backends.Ipfs;

/// <summary>Items as files of IPFS: sent to a node, and read from it and from gateways.</summary>
internal sealed class ItemFiles : IDisposable
{
    /// <summary>One node above its leaves: as long as an item may be.</summary>
    public static long ItemLengthMax => (long)profile.ChunkSize * profile.LinkCountMax;

    /// <summary>Bytes of a sample: they take one block to check.</summary>
    public const int SampleSizeMax = 64 * 1024;

    private static readonly UnixFsProfile profile = UnixFsProfile.V2025;

    private readonly GatewayReader gateways;

    public ItemFiles(IpfsOptions options, TimeProvider time)
    {
        Node = new KuboClient(new HttpPlace(options.Node, options.Credentials, options, time));
        gateways = new([.. options.Gateways.Select(gateway => new GatewayClient(new HttpPlace(gateway.Address, gateway.Credentials, options, time)))]);
    }

    public KuboClient Node { get; }

    public void Dispose()
    {
        Node.Dispose();
        gateways.Dispose();
    }

    /// <summary>What an item is called: known before a byte of it is sent.</summary>
    /// <exception cref="BackendException">Corrupt: the source is not the item. Permanent: it is too long.</exception>
    public static async ValueTask<Cid> NameAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        if (item.Length > ItemLengthMax) throw new BackendException(BackendErrorKind.Permanent, $"Item {item.Id} has {item.Length} bytes; IPFS takes at most {ItemLengthMax}.");
        if (source.Length != item.Length) throw NotTheItem(item);
        var file = await UnixFsFile.BuildAsync(source, profile, (_, _, _) => ValueTask.CompletedTask, cancellationToken);
        return item.Sha256.Span.SequenceEqual(file.Sha256) ? file.Root : throw NotTheItem(item);
    }

    /// <summary>Sends an item to the node, pinned, as a CAR that is made while it is sent.</summary>
    /// <param name="root">What it is called. An item of another name is broken off before its end.</param>
    /// <exception cref="BackendException">Corrupt: the source is not the item, or the node answered another name.</exception>
    public async ValueTask UploadAsync(NetworkItem item, Cid root, IItemSource source, CancellationToken cancellationToken)
    {
        if (source.Length != item.Length) throw NotTheItem(item);
        await Node.ImportAsync(root, CarSizeOf(item.Length, root), async (give, token) =>
        {
            await give(Car.Header(root));
            await UnixFsFile.BuildAsync(source, profile, async (cid, block, _) =>
            {
                // The root is the only node, or where there is none the only leaf, and comes last.
                if (cid.Codec == root.Codec && cid != root) throw NotTheItem(item);
                await give(Car.Prefix(cid, block.Length));
                await give(block);
            }, token);
        }, cancellationToken);
    }

    /// <summary>Reads from the node, or, where that fails, through the gateways.</summary>
    public async ValueTask<int> ReadAsync(Cid root, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var count = 0;
        try
        {
            await UnixFsReader.ReadAsync(root, offset, offset + destination.Length, Node, Give, cancellationToken);
        }
        catch (BackendException atNode) when (!gateways.IsEmpty)
        {
            try
            {
                await gateways.ReadAsync(root, offset + count, offset + destination.Length, Give, cancellationToken);
            }
            catch (BackendException atGateways)
            {
                throw Failures.Together([atNode, atGateways]);
            }
        }

        return count;

        void Give(ReadOnlyMemory<byte> run)
        {
            run.CopyTo(destination[count..]);
            count += run.Length;
        }
    }

    /// <summary>Reads all of an item back from elsewhere than it was sent to, or, where there is no gateway, from the node.</summary>
    /// <exception cref="BackendException">Transient: no gateway has it yet. NotFound, Corrupt: the node has it no more, and no waiting helps.</exception>
    public async ValueTask SealAsync(NetworkItem item, Cid root, CancellationToken cancellationToken)
    {
        try
        {
            await ReadBackAsync(item, root, elsewhere: !gateways.IsEmpty, cancellationToken);
        }
        catch (BackendException e) when (!gateways.IsEmpty)
        {
            // What the node itself has lost, gateways hardly get.
            await ReadBackAsync(item, root, elsewhere: false, cancellationToken);
            throw Failures.AtGateway(e);
        }
    }

    /// <summary>Reads all of an item, and compares its length and hash.</summary>
    /// <param name="elsewhere">Through the gateways; otherwise from the node.</param>
    /// <exception cref="BackendException">Corrupt: it is another; NotFound: it is not there.</exception>
    public async ValueTask ReadBackAsync(NetworkItem item, Cid root, bool elsewhere, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = await ReadFromAsync(elsewhere, root, 0, item.Length, run => hash.AppendData(run.Span), cancellationToken);
        if (length != item.Length || !item.Sha256.Span.SequenceEqual(hash.GetHashAndReset())) throw NotCalledThat(item, root, length);
    }

    /// <summary>Reads a part of an item that nobody can foresee, and checks it.</summary>
    /// <param name="elsewhere">As in <see cref="ReadBackAsync"/>.</param>
    /// <returns>Bytes read.</returns>
    public async ValueTask<long> SampleAsync(NetworkItem item, Cid root, bool elsewhere, CancellationToken cancellationToken)
    {
        var size = Math.Min(item.Length, SampleSizeMax);
        // Not from a generator that starts the same each time: what is foreseen can be kept for show.
        var offset = (long)(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) % (ulong)(item.Length - size + 1));
        var count = 0L;
        var length = await ReadFromAsync(elsewhere, root, offset, offset + size, run => count += run.Length, cancellationToken);
        return length == item.Length && count == size ? count : throw NotCalledThat(item, root, length);
    }

    /// <summary>As <see cref="SampleAsync"/> through the gateways; what none of them has or gives rightly is lost only when the node has lost it as well.</summary>
    /// <exception cref="BackendException">Transient: the gateways do not give it now. NotFound, Corrupt: nobody does.</exception>
    public async ValueTask<long> SampleElsewhereAsync(NetworkItem item, Cid root, CancellationToken cancellationToken)
    {
        try
        {
            return await SampleAsync(item, root, elsewhere: true, cancellationToken);
        }
        catch (BackendException e) when (e.Kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt)
        {
            await SampleAsync(item, root, elsewhere: false, cancellationToken);
            throw Failures.AtGateway(e);
        }
    }

    public ValueTask TestGatewaysAsync(CancellationToken cancellationToken) => gateways.TestAsync(cancellationToken);

    private ValueTask<long> ReadFromAsync(bool elsewhere, Cid root, long from, long to, Action<ReadOnlyMemory<byte>> sink, CancellationToken cancellationToken) =>
        elsewhere ? gateways.ReadAsync(root, from, to, sink, cancellationToken) : UnixFsReader.ReadAsync(root, from, to, Node, sink, cancellationToken);

    /// <summary>Bytes of an item's blocks, the root among them: names have one length, so that they need not be known.</summary>
    public static long DagSizeOf(long length, Cid root)
    {
        var links = LinksOf(length, root);
        return links.Count == 1 ? length : length + UnixFsNode.Encode(links, default).Length;
    }

    /// <summary>Bytes of an item's CAR.</summary>
    private static long CarSizeOf(long length, Cid root)
    {
        var links = LinksOf(length, root);
        var size = Car.Header(root).Length + links.Sum(link => Car.SizeOf(root, (int)link.FileSize));
        return links.Count == 1 ? size : size + Car.SizeOf(root, UnixFsNode.Encode(links, default).Length);
    }

    private static List<UnixFsLink> LinksOf(long length, Cid root)
    {
        var links = new List<UnixFsLink>();
        for (var offset = 0L; offset < length; offset += profile.ChunkSize)
        {
            var chunk = (int)Math.Min(profile.ChunkSize, length - offset);
            links.Add(new(root, chunk, chunk));
        }

        return links;
    }

    private static BackendException NotTheItem(NetworkItem item) =>
        new(BackendErrorKind.Corrupt, $"The source of item {item.Id} does not have the item's bytes; put it again from an intact copy.");

    private static BackendException NotCalledThat(NetworkItem item, Cid root, long length) =>
        new(BackendErrorKind.Corrupt, $"What is called {root} has {length} bytes and is not item {item.Id} of {item.Length}.");
}
