namespace Oort.Backends.Ipfs;

/// <summary>Items after a step that worked.</summary>
internal static class Steps
{
    public static NetworkItem To(this NetworkItem item, ItemState state, DateTimeOffset next) => item with { State = state, NextStep = next };

    /// <summary>The receipt of a file: the name is all that it takes to find it.</summary>
    public static NetworkReceipt ToReceipt(this Cid root, DateTimeOffset now) => new() { Locator = ItemLocator.Write(root), Address = root.ToString(), Accepted = now };

    /// <summary>Whether it is known what it is called.</summary>
    public static bool IsNamed(this NetworkItem item) => item.Receipt is not null || !item.Progress.IsEmpty;

    /// <summary>What an item is called: by its receipt, and before that by its progress.</summary>
    /// <exception cref="BackendException">Permanent: neither says it.</exception>
    public static Cid CidOf(this NetworkItem item) => ItemLocator.Read(item.Receipt?.Locator ?? item.Progress);

    /// <exception cref="BackendException">Permanent: it is no receipt of this backend.</exception>
    public static Cid CidOf(this NetworkReceipt receipt) => ItemLocator.Read(receipt.Locator);
}
