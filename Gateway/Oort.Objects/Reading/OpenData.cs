using System.Security.Cryptography;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects.Reading;

/// <summary>A data id while it is read: its row, and its cipher once the first chunk needs it.</summary>
/// <param name="customer">The customer's key where one is needed; the caller's.</param>
internal sealed class OpenData(DataPath path, DataRow row, InnerKey? customer) : IDisposable
{
    private ChunkCipher? cipher;

    public DataRow Row => row;

    public long ChunkCount { get; } = ChunkCipher.ChunkCount(row.Length);

    public ChunkCipher Cipher => cipher ??= CreateCipher();

    /// <summary>Plaintext bytes of a chunk.</summary>
    public int LengthOf(long chunk) => (int)Math.Min(ChunkCipher.PlaintextSize, row.Length - chunk * ChunkCipher.PlaintextSize);

    public void Dispose()
    {
        cipher?.Dispose();
        cipher = null;
    }

    private ChunkCipher CreateCipher()
    {
        Span<byte> id = stackalloc byte[DataId.Size];
        Span<byte> key = stackalloc byte[ChunkCipher.KeySize];
        row.SealedId.Write(id);
        try
        {
            DataKeys.Unwrap(path.Keyring, row, customer, key);
            return new ChunkCipher(key, id);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
