namespace Oort.Backends;

/// <summary>A network or a cloud that others run: items go there step by step, perhaps over hours, and are found again by their receipts.</summary>
/// <remarks>
/// Thread-safe; two steps of one item never run at once. Everything that a network answers is checked here: lengths, hashes, signatures. Failures are a <see cref="BackendException"/>.
/// No secret is in a message, a receipt or an item.
/// </remarks>
public interface INetworkBackend : IAsyncDisposable
{
    NetworkTraits Traits { get; }

    /// <summary>Where it is, for people: a URL without credentials.</summary>
    string Location { get; }

    /// <summary>Takes one step: sends, asks, or checks, by the item's state.</summary>
    /// <param name="item">As it was last stored; in a state on the way, Expiring among them, never in DeleteRequested: deleting is <see cref="DeleteAsync"/>'s alone.</param>
    /// <param name="source">Its bytes, as often as they are needed. Not asked for once the item is accepted.</param>
    /// <returns>The item as it is to be stored before the next step: in the same state with a later <see cref="NetworkItem.NextStep"/> or other <see cref="NetworkItem.Progress"/>, or in another that <see cref="ItemStates.CanBecome"/> allows. <see cref="ItemStates.Worked"/> checks it.</returns>
    /// <exception cref="BackendException">The step failed; <see cref="ItemStates.Failed"/> says what becomes of the item.</exception>
    /// <remarks>
    /// A crash may come before the result is stored, and then the same step is taken again with the same item: it must cost nothing a second time. So what pays is made and signed in
    /// one step, stored, and sent in the next. The step that ends in <see cref="ItemState.Sealed"/> has read the item back, or had it proven, without trusting whom it was sent to.
    /// </remarks>
    ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken);

    /// <summary>Reads <paramref name="destination"/>.Length bytes of an item from <paramref name="offset"/>; less only at its end.</summary>
    /// <returns>The count of bytes read. Checked by the network's own address where that is possible for a range; the caller checks all the same.</returns>
    /// <exception cref="BackendException">NotFound: the network says that it has no such item. Corrupt: what came is not the item. Archived: it has been asked back from an archive, and can be read later.</exception>
    ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Has the network show that it still has an item.</summary>
    /// <param name="item">Its bytes are not to be had: what the network gives is compared with <see cref="NetworkItem.Sha256"/> and <see cref="NetworkItem.Length"/>, and with what the backend noted of the bytes itself when it had them.</param>
    /// <returns>What was seen; that it is lost or wrong is such an answer.</returns>
    /// <exception cref="BackendException">It could not be looked at: the network did not answer, or refused.</exception>
    ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken);

    /// <summary>Deletes an item: all of it, whatever of it is sent or under way, and all that deleting takes.</summary>
    /// <param name="item">As it was last stored, so that a step may have sent more of it than it says.</param>
    /// <returns>What became of it, and when it takes effect where that is later; never NotFound. Asked again, also after an answer that was lost or a restart, it is the same; of an item that was never sent it is Deleted, or what it is of others.</returns>
    /// <exception cref="BackendException">The network did not answer, or refused: it is to be asked again.</exception>
    ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken);

    /// <summary>Prices as they are now: asked for where the network tells them, otherwise those configured.</summary>
    ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken);

    /// <summary>What is left to pay with; null where nothing is paid in advance.</summary>
    ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken);

    /// <summary>Whether it is there, lets this account in and takes items; leaves nothing there.</summary>
    /// <exception cref="BackendException">It does not; the message says what to do.</exception>
    ValueTask TestAsync(CancellationToken cancellationToken);
}

/// <summary>The bytes of an item, to be read more than once: most networks want a hash of them first.</summary>
public interface IItemSource
{
    /// <summary>In bytes.</summary>
    long Length { get; }

    /// <summary>Reads <paramref name="destination"/>.Length bytes from <paramref name="offset"/>; less only at the end.</summary>
    /// <exception cref="BackendException">They cannot be had now.</exception>
    ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken);
}

/// <summary>How much of an item is looked at.</summary>
public enum VerifyDepth
{
    /// <summary>The network says that it is there.</summary>
    Exists,

    /// <summary>A part of it that the network cannot foresee, or a proof.</summary>
    Sample,

    /// <summary>All of it.</summary>
    Full,
}

/// <summary>What a look at an item gave.</summary>
/// <param name="IsThere">Whether it is, as far as was looked.</param>
/// <param name="Kinds">What that rests on.</param>
/// <param name="Checked">Bytes that were read and found right.</param>
/// <param name="Text">One sentence for people.</param>
public sealed record NetworkEvidence(bool IsThere, ProofKinds Kinds, long Checked, string Text);
