using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;

namespace Oort.Evm;

/// <summary>A secret key of an account. Prints as ***; zeroed when disposed of. Thread-safe until then.</summary>
public sealed class EvmKey : IDisposable
{
    public const int Size = 32;

    /// <summary>In front of x and y in a public key that has both (SEC 1 §2.3.3).</summary>
    internal const byte UncompressedMark = 4;

    private readonly ISecp256k1 curve;
    private readonly byte[] publicKey;

    // Pinned, so that the collector leaves no copy behind.
    private readonly byte[] secret = GC.AllocateUninitializedArray<byte>(Size, pinned: true);
    private bool isDisposed;

    internal EvmKey(ISecp256k1 curve, ReadOnlySpan<byte> secret)
    {
        if (secret.Length != Size) throw new ArgumentException($"A key has {Size} bytes, not {secret.Length}.", nameof(secret));
        Span<byte> point = stackalloc byte[Secp256k1.PointSize];
        if (!curve.TryGetPublicKey(secret, point)) throw new ArgumentException("The key is nought, or not below the order of secp256k1: it is no key.", nameof(secret));
        this.curve = curve;
        secret.CopyTo(this.secret);
        publicKey = [UncompressedMark, .. point];
        Address = EvmAddress.OfPublicKey(point);
    }

    /// <summary>Whether keys are worked with by libsecp256k1. Without it signing is a hundred times slower, and its time depends on the key.</summary>
    public static bool IsNative => Secp256k1.Instance is NativeSecp256k1;

    public EvmAddress Address { get; }

    /// <summary>0x04, x, y: 65 bytes.</summary>
    public ReadOnlySpan<byte> PublicKey => publicKey;

    /// <summary>Takes a copy of 32 bytes; the caller zeroes his.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes, or no key of secp256k1.</exception>
    public static EvmKey FromBytes(ReadOnlySpan<byte> secret) => new(Secp256k1.Instance, secret);

    /// <summary>Takes 64 hexadecimal digits, with or without 0x. The message of a refusal does not repeat them.</summary>
    /// <exception cref="ArgumentException">Not that, or no key of secp256k1.</exception>
    public static EvmKey FromHex(ReadOnlySpan<char> text)
    {
        if (text.StartsWith("0x", StringComparison.Ordinal)) text = text[2..];
        Span<byte> secret = stackalloc byte[Size];
        try
        {
            if (text.Length != Size * 2 || Convert.FromHexString(text, secret, out _, out _) != OperationStatus.Done)
                throw new ArgumentException($"A key is {Size * 2} hexadecimal digits, with or without 0x in front; this is something else.", nameof(text));
            return FromBytes(secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Signs a digest with the nonce of RFC 6979: the same digest always has the same signature.</summary>
    /// <exception cref="ObjectDisposedException">The key is gone.</exception>
    public EvmSignature Sign(EvmHash digest)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        Span<byte> compact = stackalloc byte[Secp256k1.CompactSize];
        var recoveryId = curve.Sign(secret, digest.Bytes, compact);
        // An r above the order, which 2 and 3 stand for, has never been seen: one nonce in 2^127 makes it.
        Debug.Assert(recoveryId is 0 or 1, "Ethereum has no v for it.");
        return new(compact, recoveryId);
    }

    /// <summary>Signs bytes as a message of a person (EIP-191 personal_sign).</summary>
    /// <exception cref="ObjectDisposedException">The key is gone.</exception>
    public EvmSignature SignMessage(ReadOnlySpan<byte> message) => Sign(PersonalMessage.Hash(message));

    /// <summary>As above, of a text's UTF-8. Hexadecimal text is text here; wallets sign the bytes that it stands for.</summary>
    /// <exception cref="ObjectDisposedException">The key is gone.</exception>
    public EvmSignature SignMessage(string message) => Sign(PersonalMessage.Hash(message));

    public override string ToString() => "***";

    public void Dispose()
    {
        isDisposed = true;
        CryptographicOperations.ZeroMemory(secret);
    }
}
