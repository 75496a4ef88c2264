using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects.Writing;

/// <summary>A new data id with its own random key, ready to seal, and the key wrapped for the metadata.</summary>
internal sealed class DataKey : IDisposable
{
    private readonly int keyVersion;
    private readonly byte[] wrappedKey;

    private DataKey(DataId id, ChunkCipher cipher, byte[] wrappedKey, int keyVersion)
    {
        Id = id;
        Cipher = cipher;
        this.wrappedKey = wrappedKey;
        this.keyVersion = keyVersion;
    }

    public DataId Id { get; }

    public ChunkCipher Cipher { get; }

    public static DataKey Create(Keyring keyring, TimeProvider time)
    {
        Span<byte> id = stackalloc byte[DataId.Size];
        Span<byte> key = stackalloc byte[ChunkCipher.KeySize];
        DataId.Create(time.GetUtcNow()).Write(id);
        RandomBytes.Fill(key);
        try
        {
            var wrapped = keyring.WrapDataKey(id, key, out var keyVersion);
            return new DataKey(DataId.Read(id), new ChunkCipher(key, id), wrapped, keyVersion);
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
        WrappedKey = ImmutableCollectionsMarshal.AsImmutableArray(wrappedKey),
        Runs = runs,
    };

    public void Dispose() => Cipher.Dispose();
}
