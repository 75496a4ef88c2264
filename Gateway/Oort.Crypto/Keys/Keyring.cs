using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Oort.Crypto;

/// <summary>All keys of one cluster: random, versioned, and sealed as a whole under the root (docs/formats/keyring.md).</summary>
/// <remarks>
/// Thread-safe, except that nobody may use it while it is disposed. A change (rotation, destruction) is made in memory and raises
/// <see cref="Generation"/>; the owner seals it and has it durable on a majority of the stores and in the data directory <em>before</em> anything is wrapped
/// under a new key, since a key that was lost is data that was lost. Prints as "***".
/// </remarks>
public sealed partial class Keyring : IDisposable
{
    /// <summary>Bytes of a wrapped data key.</summary>
    public const int WrappedKeySize = DataKeyWrap.Size;

    private readonly Lock gate = new();
    private readonly KeyringContents contents;
    private ulong generation;

    internal Keyring(UInt128 identity, ulong generation, KeyringContents contents)
    {
        Identity = identity;
        this.generation = generation;
        this.contents = contents;
    }

    /// <summary>Names the cluster for ever; also the stores carry it.</summary>
    public UInt128 Identity { get; }

    /// <summary>Counts the changes from 1: of several replicas the highest is the newest.</summary>
    public ulong Generation
    {
        get { lock (gate) return generation; }
    }

    /// <summary>The version under which data keys are wrapped now.</summary>
    public int CurrentKeyVersion
    {
        get { lock (gate) return contents.KeyEncryptionKeys[^1].Version; }
    }

    /// <summary>Versions that can still unwrap, ascending; the last is the current one.</summary>
    public ImmutableArray<int> KeyVersions
    {
        get { lock (gate) return [.. contents.KeyEncryptionKeys.Select(key => key.Version)]; }
    }

    /// <summary>The same with when each was made, for people.</summary>
    public ImmutableArray<KeyVersion> ListKeyVersions()
    {
        lock (gate) return [.. contents.KeyEncryptionKeys.Select(key => new KeyVersion(key.Version, key.Created))];
    }

    /// <summary>Whether a version can still unwrap.</summary>
    public bool HasKeyVersion(int version)
    {
        lock (gate) return contents.KeyEncryptionKeys.Exists(key => key.Version == version);
    }

    /// <summary>A keyring with fresh keys and a fresh identity: a new cluster.</summary>
    public static Keyring Create(TimeProvider time)
    {
        Span<byte> identity = stackalloc byte[16];
        RandomNumberGenerator.Fill(identity);
        var now = time.GetUtcNow();
        return new(BinaryPrimitives.ReadUInt128BigEndian(identity), generation: 1, new()
        {
            Created = now,
            JournalKey = SecretBytes.Random(KeyDerivation.KeySize),
            SnapshotKey = SecretBytes.Random(KeyDerivation.KeySize),
            TagKey = SecretBytes.Random(KeyDerivation.KeySize),
            LastKeyVersion = 1,
            KeyEncryptionKeys = [new(1, now, SecretBytes.Random(KeyDerivation.KeySize), [])],
            UnknownFields = [],
        });
    }

    /// <summary>What a sealed keyring says of itself, unauthenticated; null when it is none that this program knows.</summary>
    public static KeyringHeader? Peek(ReadOnlySpan<byte> sealedBytes) =>
        KeyringSeal.ReadHeader(sealedBytes, out var header) == KeyringError.None ? header : null;

    /// <summary>Opens one sealed keyring.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> sealedBytes, RootKey root, [NotNullWhen(true)] out Keyring? keyring, out KeyringError error)
    {
        keyring = null;
        error = KeyringSeal.ReadHeader(sealedBytes, out var header);
        if (error != KeyringError.None) return false;

        var payload = GC.AllocateUninitializedArray<byte>(sealedBytes.Length - KeyringSeal.HeaderSize - KeyringSeal.TagSize, pinned: true);
        try
        {
            error = KeyringSeal.OpenPayload(root.Span, sealedBytes, payload);
            if (error != KeyringError.None) return false;
            if (KeyringFields.Decode(payload) is not { } contents)
            {
                error = KeyringError.Damaged;
                return false;
            }
            keyring = new(header.Identity, header.Generation, contents);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(payload);
        }
    }

    /// <summary>Opens the newest of several replicas that is whole; damaged ones are passed over.</summary>
    /// <param name="error">
    /// <see cref="KeyringError.Mixed"/> when this root opens keyrings of two clusters; otherwise, when none opens, the error that says most: a
    /// wrong root before damage, damage before truncation. <see cref="KeyringError.UnknownVersion"/> also when more replicas are of a newer format than
    /// open: an older one among them must not win. (A single one may be a flipped byte.)
    /// </param>
    public static bool TryOpenNewest(IEnumerable<ReadOnlyMemory<byte>> replicas, RootKey root, [NotNullWhen(true)] out Keyring? keyring, out KeyringError error)
    {
        var opened = new List<Keyring>();
        var unknownCount = 0;
        var worst = KeyringError.NotAKeyring;
        foreach (var replica in replicas)
        {
            if (TryOpen(replica.Span, root, out var one, out var failure))
            {
                opened.Add(one);
                continue;
            }
            if (Rank(failure) > Rank(worst)) worst = failure;
            if (failure == KeyringError.UnknownVersion) unknownCount++;
        }

        if (opened.Exists(one => one.Identity != opened[0].Identity)) error = KeyringError.Mixed;
        else if (unknownCount > opened.Count) error = KeyringError.UnknownVersion;
        else error = opened.Count == 0 ? worst : KeyringError.None;

        keyring = error == KeyringError.None ? Newest(opened) : null;
        foreach (var one in opened)
            if (one != keyring) one.Dispose();
        return keyring is not null;
    }

    /// <summary>The keyring as it is put on every store, newly sealed.</summary>
    public byte[] Seal(RootKey root)
    {
        Span<byte> salt = stackalloc byte[KeyringSeal.SaltSize];
        RandomNumberGenerator.Fill(salt);
        return Seal(root, salt);
    }

    /// <summary>For the format's vectors: with a given salt, which in earnest is never used twice.</summary>
    internal byte[] Seal(RootKey root, ReadOnlySpan<byte> salt)
    {
        lock (gate)
        {
            var payload = KeyringFields.Encode(contents);
            try
            {
                return KeyringSeal.Seal(root.Span, Identity, generation, salt, payload);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(payload);
            }
        }
    }

    /// <summary>Wraps a data id's key under the current key-encryption key.</summary>
    /// <param name="dataId">16 bytes.</param>
    /// <param name="key">32 bytes, random, of this data id alone; or the <see cref="WrappedKeySize"/> bytes that <see cref="WrapInner"/> made of them.</param>
    /// <param name="keyVersion">The version that was used; it is stored beside the wrapped key and needed to unwrap it.</param>
    /// <returns>28 bytes more than <paramref name="key"/>.</returns>
    public byte[] WrapDataKey(ReadOnlySpan<byte> dataId, ReadOnlySpan<byte> key, out int keyVersion)
    {
        Span<byte> keyEncryptionKey = stackalloc byte[KeyDerivation.KeySize];
        Span<byte> nonce = stackalloc byte[DataKeyWrap.NonceSize];
        RandomBytes.Fill(nonce);
        try
        {
            lock (gate)
            {
                var current = contents.KeyEncryptionKeys[^1];
                keyVersion = current.Version;
                current.Key.Span.CopyTo(keyEncryptionKey);
            }
            return DataKeyWrap.Wrap(keyEncryptionKey, keyVersion, dataId, nonce, key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keyEncryptionKey);
        }
    }

    /// <summary>Unwraps a data id's key.</summary>
    /// <param name="version">The version that wrapped it.</param>
    /// <param name="key">As long as what was wrapped; fully overwritten, and to be cleared by the caller.</param>
    /// <exception cref="DataKeyException">There is no such version any more, or the wrapped bytes are not genuine; <paramref name="key"/> is zeroed.</exception>
    public void UnwrapDataKey(int version, ReadOnlySpan<byte> dataId, ReadOnlySpan<byte> wrapped, Span<byte> key)
    {
        Span<byte> keyEncryptionKey = stackalloc byte[KeyDerivation.KeySize];
        try
        {
            if (!TryCopyKey(version, keyEncryptionKey))
            {
                key.Clear();
                throw new DataKeyException(DataKeyFailure.NoSuchKey,
                    string.Create(CultureInfo.InvariantCulture, $"The keyring has no key-encryption key of version {version}: it was destroyed, or a newer keyring exists."));
            }
            if (!DataKeyWrap.TryUnwrap(keyEncryptionKey, version, dataId, wrapped, key))
                throw new DataKeyException(DataKeyFailure.Corrupt, "A wrapped data key is not what was wrapped for its data id.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keyEncryptionKey);
        }
    }

    /// <summary>Tags of the cells of one segment. The caller disposes it.</summary>
    /// <param name="segmentId">16 bytes.</param>
    public SegmentTagger CreateTagger(ReadOnlySpan<byte> segmentId) => new(contents.TagKey.Span, segmentId);

    /// <summary>Begins a journal log: a cipher with a fresh salt, which seals and opens.</summary>
    public RecordCipher BeginJournal() => RecordCipher.Begin(contents.JournalKey.Span, KeyDerivation.JournalLabel);

    /// <summary>Opens a journal log with the salt of its header; the cipher only reads.</summary>
    public RecordCipher OpenJournal(ReadOnlySpan<byte> salt) => RecordCipher.Open(contents.JournalKey.Span, KeyDerivation.JournalLabel, salt);

    /// <summary>Begins a snapshot: a cipher with a fresh salt, which seals and opens.</summary>
    public RecordCipher BeginSnapshot() => RecordCipher.Begin(contents.SnapshotKey.Span, KeyDerivation.SnapshotLabel);

    /// <summary>Opens a snapshot with the salt of its header; the cipher only reads.</summary>
    public RecordCipher OpenSnapshot(ReadOnlySpan<byte> salt) => RecordCipher.Open(contents.SnapshotKey.Span, KeyDerivation.SnapshotLabel, salt);

    /// <summary>Seals a secret that is kept among the settings (a key of another service): salt ‖ record 0 under a key of its own (docs/formats/keyring.md §5).</summary>
    /// <param name="context">What it belongs to; needed to open it.</param>
    public byte[] SealSecret(ReadOnlySpan<byte> context, ReadOnlySpan<byte> secret)
    {
        using var cipher = RecordCipher.Begin(contents.JournalKey.Span, KeyDerivation.SecretLabel);
        var result = new byte[RecordCipher.SaltSize + secret.Length + RecordCipher.Overhead];
        cipher.Salt.CopyTo(result);
        cipher.Seal(0, context, secret, result.AsSpan(RecordCipher.SaltSize));
        return result;
    }

    /// <summary>Opens what <see cref="SealSecret"/> sealed for the same context.</summary>
    /// <returns>Null when it is not that; otherwise the secret, which the caller clears.</returns>
    public byte[]? OpenSecret(ReadOnlySpan<byte> context, ReadOnlySpan<byte> sealedSecret)
    {
        const int frame = RecordCipher.SaltSize + RecordCipher.Overhead;
        if (sealedSecret.Length < frame) return null;
        using var cipher = RecordCipher.Open(contents.JournalKey.Span, KeyDerivation.SecretLabel, sealedSecret[..RecordCipher.SaltSize]);
        var secret = new byte[sealedSecret.Length - frame];
        return cipher.TryOpen(0, context, sealedSecret[RecordCipher.SaltSize..], secret) ? secret : null;
    }

    /// <summary>Adds a new key-encryption key and makes it the current one. What the old ones wrapped stays readable until they are destroyed.</summary>
    /// <returns>Its version.</returns>
    public int RotateKeyEncryptionKey(TimeProvider time)
    {
        lock (gate)
        {
            var version = checked(contents.LastKeyVersion + 1);
            contents.KeyEncryptionKeys.Add(new(version, time.GetUtcNow(), SecretBytes.Random(KeyDerivation.KeySize), []));
            contents.LastKeyVersion = version;
            generation++;
            return version;
        }
    }

    /// <summary>Drops a key-encryption key that is not the current one: what is still wrapped under it can never be read again.</summary>
    /// <returns>False when there is no such version.</returns>
    /// <exception cref="InvalidOperationException">It is the current one: rotate first.</exception>
    public bool DestroyKeyEncryptionKey(int version)
    {
        lock (gate)
        {
            var index = contents.KeyEncryptionKeys.FindIndex(key => key.Version == version);
            if (index < 0) return false;
            if (index == contents.KeyEncryptionKeys.Count - 1) throw new InvalidOperationException("The current key-encryption key cannot be destroyed: rotate first.");
            contents.KeyEncryptionKeys[index].Dispose();
            contents.KeyEncryptionKeys.RemoveAt(index);
            generation++;
            return true;
        }
    }

    /// <summary>Becomes what a changed copy of it is: its key-encryption keys and its keys with names, which it takes from it, and its generation. Keys that the copy no longer has are destroyed here too.</summary>
    /// <param name="newer">A copy (sealed and opened again) of a higher generation. It is used up: the caller only disposes it.</param>
    /// <exception cref="ArgumentException">Another cluster's, or not newer.</exception>
    public void TakeOver(Keyring newer)
    {
        lock (gate)
        {
            lock (newer.gate)
            {
                if (newer.Identity != Identity || newer.generation <= generation) throw new ArgumentException("Only a newer keyring of the same cluster can be taken over.", nameof(newer));
                foreach (var old in contents.KeyEncryptionKeys) old.Dispose();
                contents.KeyEncryptionKeys.Clear();
                contents.KeyEncryptionKeys.AddRange(newer.contents.KeyEncryptionKeys);
                newer.contents.KeyEncryptionKeys.Clear();
                foreach (var old in contents.NamedKeys) old.Dispose();
                contents.NamedKeys.Clear();
                contents.NamedKeys.AddRange(newer.contents.NamedKeys);
                newer.contents.NamedKeys.Clear();
                contents.LastKeyVersion = newer.contents.LastKeyVersion;
                generation = newer.generation;
            }
        }
    }

    /// <summary>Whether another one holds the same keys in the same generation.</summary>
    public bool IsSameAs(Keyring other)
    {
        lock (gate)
        {
            lock (other.gate) return other.Identity == Identity && other.generation == generation && other.ContentHash() == ContentHash();
        }
    }

    public void Dispose()
    {
        lock (gate) contents.Dispose();
    }

    public override string ToString() => "***";

    private static int Rank(KeyringError error) => error switch
    {
        KeyringError.WrongRoot => 5,
        KeyringError.Damaged => 4,
        KeyringError.UnknownVersion => 3,
        KeyringError.Truncated => 2,
        _ => 1,
    };

    /// <summary>
    /// The highest generation; if that one exists in two contents (a change that reached a minority of stores, which were then away when the next
    /// change was made), the more frequent: only a change that reached a majority was ever used.
    /// </summary>
    private static Keyring Newest(List<Keyring> opened)
    {
        var generation = opened.Max(one => one.generation);
        return opened.Where(one => one.generation == generation).GroupBy(one => one.ContentHash()).MaxBy(group => group.Count())!.First();
    }

    private string ContentHash()
    {
        var payload = KeyringFields.Encode(contents);
        var hash = Convert.ToHexString(SHA256.HashData(payload));
        CryptographicOperations.ZeroMemory(payload);
        return hash;
    }

    private bool TryCopyKey(int version, Span<byte> destination)
    {
        lock (gate)
        {
            var key = contents.KeyEncryptionKeys.Find(candidate => candidate.Version == version);
            if (key is null) return false;
            key.Key.Span.CopyTo(destination);
            return true;
        }
    }
}
