using System.Diagnostics;
using System.Security.Cryptography;

namespace Oort.Evm;

/// <summary>The curve by libsecp256k1, whose work with secrets takes constant time. Thread-safe: the context is changed only before it is shared.</summary>
internal sealed unsafe class NativeSecp256k1 : ISecp256k1
{
    private const int SerializedPublicKeySize = 65;

    // Never destroyed: there is one, for as long as the process runs.
    private readonly nint context;

    private NativeSecp256k1(nint context) => this.context = context;

    /// <summary>Null where the library is not there.</summary>
    public static NativeSecp256k1? TryLoad()
    {
        if (!Libsecp256k1.TryLoad()) return null;
        var context = Libsecp256k1.CreateContext(Libsecp256k1.ContextForAll);
        if (context == 0) return null;
        // Blinds the multiplications with secrets against whoever measures power or time.
        var seed = stackalloc byte[Secp256k1.NumberSize];
        var span = new Span<byte>(seed, Secp256k1.NumberSize);
        RandomNumberGenerator.Fill(span);
        var isBlinded = Libsecp256k1.RandomizeContext(context, seed) == 1;
        CryptographicOperations.ZeroMemory(span);
        return isBlinded ? new(context) : null;
    }

    public bool TryGetPublicKey(ReadOnlySpan<byte> secret, Span<byte> point)
    {
        CheckNumber(secret);
        var publicKey = stackalloc byte[Libsecp256k1.PublicKeySize];
        fixed (byte* secretStart = secret)
        {
            if (Libsecp256k1.CreatePublicKey(context, publicKey, secretStart) != 1) return false;
        }

        Serialize(publicKey, point);
        return true;
    }

    public int Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> digest, Span<byte> compact)
    {
        CheckNumber(secret);
        CheckNumber(digest);
        CheckCompact(compact);
        var signature = stackalloc byte[Libsecp256k1.RecoverableSignatureSize];
        int recoveryId;
        fixed (byte* secretStart = secret, digestStart = digest, compactStart = compact)
        {
            // No nonce function means RFC 6979; s comes out low.
            if (Libsecp256k1.Sign(context, signature, digestStart, secretStart, 0, 0) != 1) throw new CryptographicException("The key is not one of secp256k1.");
            var isWritten = Libsecp256k1.SerializeSignature(context, compactStart, &recoveryId, signature) == 1;
            Debug.Assert(isWritten, "It refuses only null pointers.");
        }

        return recoveryId;
    }

    public bool TryRecover(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> compact, int recoveryId, Span<byte> point)
    {
        CheckNumber(digest);
        CheckCompact(compact);
        // The library ends the process on any other number.
        ArgumentOutOfRangeException.ThrowIfNotEqual(recoveryId & ~1, 0);
        var signature = stackalloc byte[Libsecp256k1.RecoverableSignatureSize];
        var publicKey = stackalloc byte[Libsecp256k1.PublicKeySize];
        fixed (byte* digestStart = digest, compactStart = compact)
        {
            if (Libsecp256k1.ParseSignature(context, signature, compactStart, recoveryId) != 1) return false;
            if (Libsecp256k1.Recover(context, publicKey, signature, digestStart) != 1) return false;
        }

        Serialize(publicKey, point);
        return true;
    }

    private void Serialize(byte* publicKey, Span<byte> point)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(point.Length, Secp256k1.PointSize);
        var serialized = stackalloc byte[SerializedPublicKeySize];
        nuint length = SerializedPublicKeySize;
        var isWritten = Libsecp256k1.SerializePublicKey(context, serialized, &length, publicKey, Libsecp256k1.Uncompressed) == 1;
        Debug.Assert(isWritten && length == SerializedPublicKeySize, "It refuses only null pointers.");
        new ReadOnlySpan<byte>(serialized + 1, Secp256k1.PointSize).CopyTo(point);
    }

    private static void CheckNumber(ReadOnlySpan<byte> number) => ArgumentOutOfRangeException.ThrowIfNotEqual(number.Length, Secp256k1.NumberSize);

    private static void CheckCompact(ReadOnlySpan<byte> compact) => ArgumentOutOfRangeException.ThrowIfNotEqual(compact.Length, Secp256k1.CompactSize);
}
