using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects.Writing;

/// <summary>A new data id with its own random key, ready to seal, and the key wrapped for the metadata; or one whose chunks are sealed already, under the key of another.</summary>
internal sealed class DataKey : IDisposable
{
    private readonly int keyVersion;
    private readonly ImmutableArray<byte> wrappedKey;
    private readonly DataNesting? nesting;
    private readonly DataId? sealedAs;

    private DataKey(DataId id, ChunkCipher? cipher, ImmutableArray<byte> wrappedKey, int keyVersion, DataNesting? nesting, DataId? sealedAs)
    {
        Id = id;
        Cipher = cipher;
        this.wrappedKey = wrappedKey;
        this.keyVersion = keyVersion;
        this.nesting = nesting;
        this.sealedAs = sealedAs;
    }

    public DataId Id { get; }

    /// <summary>Null: the chunks are sealed already.</summary>
    public ChunkCipher? Cipher { get; }

    /// <summary>For chunks that are copied as they are sealed.</summary>
    public static DataKey OfSealed(DataRow source, TimeProvider time) => new(DataId.Create(time.GetUtcNow()), null, source.WrappedKey, source.KeyVersion, source.Nesting, source.SealedId);

    /// <param name="inner">What the key is wrapped under besides the key-encryption key; null: nothing.</param>
    /// <exception cref="DataKeyException">There is no key of the name.</exception>
    public static DataKey Create(Keyring keyring, InnerKey? inner, TimeProvider time)
    {
        Span<byte> id = stackalloc byte[DataId.Size];
        Span<byte> key = stackalloc byte[ChunkCipher.KeySize];
        DataId.Create(time.GetUtcNow()).Write(id);
        RandomBytes.Fill(key);
        try
        {
            var wrapped = DataKeys.Wrap(keyring, id, key, inner, out var keyVersion, out var nesting);
            return new DataKey(DataId.Read(id), new ChunkCipher(key, id), ImmutableCollectionsMarshal.AsImmutableArray(wrapped), keyVersion, nesting, null);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>The row of the data id, once it is known where its chunks lie.</summary>
    public DataRow ToRow(long length, ImmutableArray<SegmentRun> runs) => new()
    {
        Id = Id,
        Length = length,
        KeyVersion = keyVersion,
        WrappedKey = wrappedKey,
        Runs = runs,
        Nesting = nesting,
        SealedAs = sealedAs,
    };

    public void Dispose() => Cipher?.Dispose();
}
