using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using Oort.Checksums;

namespace Oort.Crypto;

/// <summary>A key with a name, without the key.</summary>
/// <param name="Version">The one that wraps now.</param>
/// <param name="Created">When the first version that is there was made; for people.</param>
/// <param name="Rotated">When the present one was.</param>
public readonly record struct NamedKeyState(string Name, int Version, DateTimeOffset Created, DateTimeOffset Rotated);

/// <content>What data keys are wrapped under besides: customers' keys, and keys with names.</content>
public sealed partial class Keyring
{
    /// <summary>Bytes of the check value of a customer's key.</summary>
    public const int CustomerCheckSize = 16;

    /// <summary>Bytes of its salt.</summary>
    public const int CustomerSaltSize = 32;

    /// <summary>Versions of keys with names, what is left of destroyed ones included: a quarter of what a keyring may take.</summary>
    public const int NamedVersionCountMax = 1_500;

    /// <summary>Keys with names that are there, by name.</summary>
    public ImmutableArray<NamedKeyState> ListNamedKeys()
    {
        lock (gate)
        {
            return [.. contents.NamedKeys.Where(key => key.Key is not null).GroupBy(key => key.Name, StringComparer.Ordinal)
                .Select(versions => new NamedKeyState(versions.Key, versions.Last().Version, versions.First().Created, versions.Last().Created)).OrderBy(key => key.Name, StringComparer.Ordinal)];
        }
    }

    /// <summary>Versions of keys with names, what is left of destroyed ones included.</summary>
    public int NamedVersionCount
    {
        get { lock (gate) return contents.NamedKeys.Count; }
    }

    /// <summary>Whether there is a key of this name.</summary>
    public bool HasNamedKey(string name)
    {
        lock (gate) return contents.NamedKeys.Exists(key => key.Name == name && key.Key is not null);
    }

    /// <summary>Whether a version of a key with a name can unwrap.</summary>
    public bool HasNamedKey(string name, int version)
    {
        lock (gate) return FindNamed(name, version) is not null;
    }

    /// <summary>Makes a key with a name, or a new version of one: what the versions before have wrapped stays readable.</summary>
    /// <returns>Its version.</returns>
    /// <exception cref="InvalidOperationException">There are too many.</exception>
    /// <exception cref="ArgumentException">No key can have this name.</exception>
    public int MakeNamedKey(string name, TimeProvider time)
    {
        if (!InnerKey.IsName(name)) throw new ArgumentException("No key can have this name.", nameof(name));
        lock (gate)
        {
            if (contents.NamedKeys.Count >= NamedVersionCountMax) throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"A keyring has at most {NamedVersionCountMax} versions of keys with names."));
            var at = contents.NamedKeys.FindLastIndex(key => key.Name == name);
            var version = at < 0 ? 1 : checked(contents.NamedKeys[at].Version + 1);
            contents.NamedKeys.Insert(at < 0 ? contents.NamedKeys.Count : at + 1, new(name, version, time.GetUtcNow(), SecretBytes.Random(KeyDerivation.KeySize), []));
            generation++;
            return version;
        }
    }

    /// <summary>Drops all versions of a key with a name: what is wrapped under them can never be read again. That its name was used stays known, so that no version comes back.</summary>
    /// <returns>False when there is no such key.</returns>
    public bool DestroyNamedKey(string name)
    {
        lock (gate)
        {
            var last = contents.NamedKeys.FindLastIndex(key => key.Name == name);
            if (last < 0 || contents.NamedKeys[last] is not { Key: not null } newest) return false;
            var left = new NamedKey(name, newest.Version, newest.Created, null, []);
            contents.NamedKeys[last] = left;
            newest.Dispose();
            foreach (var older in contents.NamedKeys.FindAll(key => key.Name == name && key != left))
            {
                contents.NamedKeys.Remove(older);
                older.Dispose();
            }

            generation++;
            return true;
        }
    }

    /// <summary>Wraps a data key under a customer's key or one with a name, for <see cref="WrapDataKey"/> to wrap it again.</summary>
    /// <param name="key">32 bytes, random, of this data id alone.</param>
    /// <param name="version">The version that was used; 0 with a customer's key.</param>
    /// <returns><see cref="WrappedKeySize"/> bytes.</returns>
    /// <exception cref="DataKeyException">There is no key of this name.</exception>
    public byte[] WrapInner(InnerKey inner, ReadOnlySpan<byte> dataId, ReadOnlySpan<byte> key, out int version)
    {
        Span<byte> nonce = stackalloc byte[DataKeyWrap.NonceSize];
        RandomBytes.Fill(nonce);
        version = 0;
        if (inner.Kind == InnerKeyKind.Customer) return DataKeyWrap.Wrap(KeyDerivation.CustomerKeyLabel, inner.Span, 0, dataId, nonce, key);
        Span<byte> named = stackalloc byte[KeyDerivation.KeySize];
        try
        {
            lock (gate)
            {
                var current = contents.NamedKeys.FindLast(one => one.Name == inner.Name);
                if (current?.Key is not { } secret) throw NoSuchName(inner.Name);
                version = current.Version;
                secret.Span.CopyTo(named);
            }

            return DataKeyWrap.Wrap(KeyDerivation.NamedKeyLabel, named, version, dataId, nonce, key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(named);
        }
    }

    /// <summary>Unwraps what <see cref="WrapInner"/> wrapped.</summary>
    /// <param name="version">The version that was used.</param>
    /// <param name="key">32 bytes; fully overwritten, and to be cleared by the caller.</param>
    /// <exception cref="DataKeyException">Another customer's key, a key with a name that is not there any more, or bytes that are not genuine; <paramref name="key"/> is zeroed.</exception>
    public void UnwrapInner(InnerKey inner, int version, ReadOnlySpan<byte> dataId, ReadOnlySpan<byte> wrapped, Span<byte> key)
    {
        key.Clear();
        if (inner.Kind == InnerKeyKind.Customer)
        {
            if (!DataKeyWrap.TryUnwrap(KeyDerivation.CustomerKeyLabel, inner.Span, 0, dataId, wrapped, key)) throw new DataKeyException(DataKeyFailure.WrongCustomerKey, "It was not wrapped under this customer's key.");
            return;
        }

        Span<byte> named = stackalloc byte[KeyDerivation.KeySize];
        try
        {
            lock (gate) (FindNamed(inner.Name, version) ?? throw NoSuchName(inner.Name)).Key!.Span.CopyTo(named);
            if (!DataKeyWrap.TryUnwrap(KeyDerivation.NamedKeyLabel, named, version, dataId, wrapped, key)) throw new DataKeyException(DataKeyFailure.Corrupt, "A wrapped data key is not what was wrapped for its data id.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(named);
        }
    }

    /// <summary>By which another customer's key is told from the one that was used, and which says nothing of it to who has not this keyring.</summary>
    /// <param name="salt"><see cref="CustomerSaltSize"/> bytes, random for each object.</param>
    /// <param name="check"><see cref="CustomerCheckSize"/> bytes; fully overwritten.</param>
    public void CheckCustomerKey(InnerKey customer, ReadOnlySpan<byte> salt, Span<byte> check)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(salt.Length, CustomerSaltSize);
        Span<byte> derived = stackalloc byte[KeyDerivation.KeySize];
        Span<byte> hash = stackalloc byte[KeyDerivation.KeySize];
        try
        {
            KeyDerivation.Expand(contents.JournalKey.Span, KeyDerivation.CustomerCheckLabel, salt, derived);
            HmacSha256.Compute(derived, customer.Span, hash);
            hash[..CustomerCheckSize].CopyTo(check);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
            CryptographicOperations.ZeroMemory(hash);
        }
    }

    /// <summary>Under the gate.</summary>
    private NamedKey? FindNamed(string name, int version) => contents.NamedKeys.Find(key => key.Name == name && key.Version == version && key.Key is not null);

    private static DataKeyException NoSuchName(string name) => new(DataKeyFailure.NoSuchKey, $"The keyring has no key \"{name}\" of the version that is needed: it was destroyed, or a newer keyring exists.");
}
