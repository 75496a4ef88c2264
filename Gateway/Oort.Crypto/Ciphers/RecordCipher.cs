using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Oort.Crypto;

/// <summary>Seals the records of one journal log or one snapshot: AES-256-GCM under a key of its own, the record's number as nonce (docs/formats/keyring.md §5).</summary>
/// <remarks>
/// A writer begins with a fresh random salt, which it puts in the clear at the head of the log; the key is derived from it. So even a gateway that lost the tail
/// of a log and counts from an old number again never uses a nonce twice: it has another salt. For the same reason a cipher made from a salt that was
/// read only opens, and a writing one takes each number once: what failed to be appended is appended again as the same sealed bytes.
/// Not thread-safe (one AES context); allocates nothing per record.
/// </remarks>
public sealed class RecordCipher : IDisposable
{
    public const int SaltSize = 32;

    /// <summary>Bytes that sealing adds to a record: the tag, at its end.</summary>
    public const int Overhead = 16;

    /// <summary>The largest record number: one less than what 64 bits hold, so that the next one can always be named.</summary>
    public const ulong SequenceMax = ulong.MaxValue - 1;

    private const int NonceSize = 12;
    private const int NonceNumberOffset = 4;

    private readonly IAesGcm aes;
    private readonly byte[] salt;
    private readonly byte[] nonce = new byte[NonceSize];
    private readonly bool seals;
    private ulong nextSequence;

    private RecordCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> label, byte[] salt, bool seals)
    {
        this.salt = salt;
        this.seals = seals;
        aes = KeyDerivation.ExpandToAes(key, label, salt);
    }

    /// <summary>Goes into the header of the log or snapshot, in the clear. 32 bytes.</summary>
    public ReadOnlySpan<byte> Salt => salt;

    internal static RecordCipher Begin(ReadOnlySpan<byte> key, ReadOnlySpan<byte> label)
    {
        var salt = new byte[SaltSize];
        RandomNumberGenerator.Fill(salt);
        return new(key, label, salt, seals: true);
    }

    internal static RecordCipher Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> salt)
    {
        if (salt.Length != SaltSize) throw new ArgumentException("A salt has 32 bytes.", nameof(salt));
        return new(key, label, salt.ToArray(), seals: false);
    }

    /// <summary>Seals one record.</summary>
    /// <param name="sequence">Its number in this log; greater than every number sealed before. Numbers may be left out.</param>
    /// <param name="associated">What is bound to the record but stands elsewhere in the clear (its header); may be empty.</param>
    /// <param name="plaintext">May be empty.</param>
    /// <param name="destination"><see cref="Overhead"/> bytes longer; fully overwritten. It may begin where <paramref name="plaintext"/> does.</param>
    /// <exception cref="InvalidOperationException">The number was used already, or this cipher was made for reading.</exception>
    public void Seal(ulong sequence, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        if (!seals) throw new InvalidOperationException("A log that was read is not written on: begin a new one, with a salt of its own.");
        if (destination.Length != plaintext.Length + Overhead) throw new ArgumentException("A sealed record is 16 bytes longer.", nameof(destination));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sequence, SequenceMax);
        if (sequence < nextSequence) throw new InvalidOperationException("This record number has been sealed already: append the same sealed bytes again.");
        nextSequence = sequence + 1;
        BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(NonceNumberOffset), sequence);
        aes.Encrypt(nonce, plaintext, destination[..plaintext.Length], destination[plaintext.Length..], associated);
    }

    /// <summary>Opens one record, if it is exactly what was sealed under this key, number and associated data.</summary>
    /// <param name="sealedRecord">As a store gave it, of any length.</param>
    /// <param name="destination"><see cref="Overhead"/> bytes shorter.</param>
    /// <returns>False when it is not; <paramref name="destination"/> is then zeroed.</returns>
    public bool TryOpen(ulong sequence, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> sealedRecord, Span<byte> destination)
    {
        var length = sealedRecord.Length - Overhead;
        if (length < 0 || sequence > SequenceMax)
        {
            destination.Clear();
            return false;
        }
        if (destination.Length != length) throw new ArgumentException("An opened record is 16 bytes shorter.", nameof(destination));
        BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(NonceNumberOffset), sequence);
        return aes.TryDecrypt(nonce, sealedRecord[..length], sealedRecord[length..], destination, associated);
    }

    public void Dispose() => aes.Dispose();
}
