using System.Security.Cryptography;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>The keys of data ids, through all that they are wrapped under (docs/formats/segment.md §4).</summary>
internal static class DataKeys
{
    /// <summary>Wraps a new data id's key.</summary>
    /// <param name="inner">Wrapped under first; null: the key-encryption key alone.</param>
    /// <exception cref="DataKeyException">There is no key of the name.</exception>
    public static byte[] Wrap(Keyring keyring, ReadOnlySpan<byte> id, ReadOnlySpan<byte> key, InnerKey? inner, out int keyVersion, out DataNesting? nesting)
    {
        nesting = null;
        if (inner is null) return keyring.WrapDataKey(id, key, out keyVersion);
        var nested = keyring.WrapInner(inner, id, key, out var version);
        nesting = new((int)inner.Kind, inner.Name, version);
        return keyring.WrapDataKey(id, nested, out keyVersion);
    }

    /// <summary>Unwraps a data id's key.</summary>
    /// <param name="customer">Needed where a customer's key is inside; passed over otherwise.</param>
    /// <param name="key">32 bytes; fully overwritten, and to be cleared by the caller.</param>
    /// <exception cref="DataKeyException">It cannot be had; <paramref name="key"/> is zeroed.</exception>
    public static void Unwrap(Keyring keyring, DataRow row, InnerKey? customer, Span<byte> key)
    {
        Span<byte> id = stackalloc byte[DataId.Size];
        row.SealedId.Write(id);
        if (row.Nesting is not { } nesting)
        {
            keyring.UnwrapDataKey(row.KeyVersion, id, row.WrappedKey.AsSpan(), key);
            return;
        }

        key.Clear();
        Span<byte> nested = stackalloc byte[Keyring.WrappedKeySize];
        using var named = nesting.Kind == (int)InnerKeyKind.Named && InnerKey.IsName(nesting.Name) ? InnerKey.OfName(nesting.Name) : null;
        var inner = named ?? (nesting.Kind == (int)InnerKeyKind.Customer
            ? customer ?? throw new DataKeyException(DataKeyFailure.WrongCustomerKey, $"The key of data id {row.Id} is under a customer's key, which nobody has given.")
            : throw new DataKeyException(DataKeyFailure.NoSuchKey, $"The key of data id {row.Id} is under a key of a kind that this program does not know ({nesting.Kind})."));
        keyring.UnwrapDataKey(row.KeyVersion, id, row.WrappedKey.AsSpan(), nested);
        keyring.UnwrapInner(inner, nesting.Version, id, nested, key);
    }

    /// <summary>Wraps a key anew under the current key-encryption key. What is inside stays as it is, and need not be known.</summary>
    /// <exception cref="DataKeyException">It cannot be unwrapped.</exception>
    public static byte[] Rewrap(Keyring keyring, DataRow row, out int keyVersion)
    {
        Span<byte> id = stackalloc byte[DataId.Size];
        Span<byte> key = stackalloc byte[Keyring.WrappedKeySize];
        row.SealedId.Write(id);
        if (row.Nesting is null) key = key[..ChunkCipher.KeySize];
        try
        {
            keyring.UnwrapDataKey(row.KeyVersion, id, row.WrappedKey.AsSpan(), key);
            return keyring.WrapDataKey(id, key, out keyVersion);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Under what a copy has to be wrapped that the gateway makes by itself: nothing, or a key with a name.</summary>
    /// <exception cref="ArgumentException">A customer's key is inside: such data is copied as it is sealed.</exception>
    public static InnerKey? InnerOf(DataRow row) => row.Nesting switch
    {
        null => null,
        { Kind: (int)InnerKeyKind.Named } nesting => InnerKey.OfName(nesting.Name),
        _ => throw new ArgumentException("A customer's key is not at hand.", nameof(row)),
    };

    /// <summary>Whether its chunks can be opened only with a key that a client brings.</summary>
    public static bool IsCustomers(DataRow row) => row.Nesting is { Kind: (int)InnerKeyKind.Customer };
}
