using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Oort.Evm;

/// <summary>A signature from which its key can be recovered: r, s, and the parity of the nonce's point. Only canonical ones exist: r and s are above nought, r below the order, s in its lower half (EIP-2).</summary>
public readonly struct EvmSignature : IEquatable<EvmSignature>
{
    /// <summary>r, s and v.</summary>
    public const int Size = 65;

    /// <summary>What v is above the parity, in texts and messages.</summary>
    private const int VBase = 27;

    private readonly Storage compact;

    internal EvmSignature(ReadOnlySpan<byte> compact, int recoveryId)
    {
        compact.CopyTo(this.compact);
        RecoveryId = recoveryId;
    }

    /// <summary>0 or 1: y parity of the nonce's point.</summary>
    public int RecoveryId { get; }

    /// <summary>27 or 28.</summary>
    public int V => VBase + RecoveryId;

    /// <summary>32 bytes, big-endian.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> R => ((ReadOnlySpan<byte>)compact)[..Secp256k1.NumberSize];

    /// <summary>32 bytes, big-endian.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> S => ((ReadOnlySpan<byte>)compact)[Secp256k1.NumberSize..];

    /// <summary>r, s and v of 27 or 28: 65 bytes.</summary>
    public byte[] ToArray() => [.. compact[..], (byte)V];

    public override string ToString() => EvmHex.Encode(ToArray());

    /// <summary>Reads 65 bytes, whose last is 27 or 28, or 0 or 1.</summary>
    /// <returns>False for another length or v, and for r or s outside of what is canonical.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out EvmSignature signature)
    {
        signature = default;
        if (bytes.Length != Size) return false;
        var v = bytes[^1] >= VBase ? bytes[^1] - VBase : bytes[^1];
        return TryCreate(bytes[..Secp256k1.NumberSize], bytes[Secp256k1.NumberSize..^1], v, out signature);
    }

    /// <summary>Takes r, s (32 bytes each) and the parity; false where they are not canonical.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> r, ReadOnlySpan<byte> s, int recoveryId, out EvmSignature signature)
    {
        signature = default;
        if (r.Length != Secp256k1.NumberSize || s.Length != Secp256k1.NumberSize || recoveryId is not (0 or 1)) return false;
        // Numbers of one length compare as their bytes do.
        var isCanonical = r.ContainsAnyExcept((byte)0) && s.ContainsAnyExcept((byte)0)
            && r.SequenceCompareTo(Secp256k1.Order) < 0 && s.SequenceCompareTo(Secp256k1.HalfOrder) <= 0;
        if (!isCanonical) return false;
        signature = new([.. r, .. s], recoveryId);
        return true;
    }

    /// <summary>The address whose key signed this digest; false when no key did.</summary>
    public bool TryRecover(EvmHash digest, out EvmAddress address) => TryRecover(Secp256k1.Instance, digest, out address);

    /// <summary>The public key (0x04, x, y: 65 bytes) that signed this digest; null when no key did.</summary>
    public byte[]? RecoverPublicKey(EvmHash digest)
    {
        Span<byte> point = stackalloc byte[Secp256k1.PointSize];
        return TryRecoverPoint(Secp256k1.Instance, digest, point) ? [EvmKey.UncompressedMark, .. point] : null;
    }

    internal bool TryRecover(ISecp256k1 curve, EvmHash digest, out EvmAddress address)
    {
        Span<byte> point = stackalloc byte[Secp256k1.PointSize];
        var isRecovered = TryRecoverPoint(curve, digest, point);
        address = isRecovered ? EvmAddress.OfPublicKey(point) : default;
        return isRecovered;
    }

    // The default value is nobody's signature: its r is nought.
    private bool TryRecoverPoint(ISecp256k1 curve, EvmHash digest, Span<byte> point) =>
        R.ContainsAnyExcept((byte)0) && curve.TryRecover(digest.Bytes, compact, RecoveryId, point);

    public bool Equals(EvmSignature other) => RecoveryId == other.RecoveryId && ((ReadOnlySpan<byte>)compact).SequenceEqual(other.compact);

    public override bool Equals(object? obj) => obj is EvmSignature other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(compact);
        hash.Add(RecoveryId);
        return hash.ToHashCode();
    }

    public static bool operator ==(EvmSignature left, EvmSignature right) => left.Equals(right);

    public static bool operator !=(EvmSignature left, EvmSignature right) => !left.Equals(right);

    [InlineArray(Secp256k1.CompactSize)]
    private struct Storage
    {
        private byte first;
    }
}
