using System.Security.Cryptography;
using Org.BouncyCastle.Asn1.Sec;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Math.EC;
using Org.BouncyCastle.Math.EC.Multiplier;
using ECPoint = Org.BouncyCastle.Math.EC.ECPoint;

namespace Oort.Evm;

/// <summary>The curve by BouncyCastle, where the library is not there: a hundred times slower, its time depends on the secret, and copies of the secret stay in memory until they are collected.</summary>
internal sealed class ManagedSecp256k1 : ISecp256k1
{
    private static readonly X9ECParameters curve = SecNamedCurves.GetByName("secp256k1");
    private static readonly ECDomainParameters domain = new(curve.Curve, curve.G, curve.N, curve.H);
    private static readonly BigInteger halfOrder = curve.N.ShiftRight(1);

    public bool TryGetPublicKey(ReadOnlySpan<byte> secret, Span<byte> point)
    {
        var number = Number(secret);
        if (number.SignValue == 0 || number.CompareTo(domain.N) >= 0) return false;
        Write(new FixedPointCombMultiplier().Multiply(domain.G, number), point);
        return true;
    }

    public int Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> digest, Span<byte> compact)
    {
        Span<byte> point = stackalloc byte[Secp256k1.PointSize];
        if (!TryGetPublicKey(secret, point)) throw new CryptographicException("The key is not one of secp256k1.");
        var signer = new ECDsaSigner(new HMacDsaKCalculator(new Sha256Digest()));
        signer.Init(true, new ECPrivateKeyParameters(Number(secret), domain));
        var parts = signer.GenerateSignature(digest.ToArray());
        var s = parts[1].CompareTo(halfOrder) > 0 ? domain.N.Subtract(parts[1]) : parts[1];
        Write(parts[0], compact[..Secp256k1.NumberSize]);
        Write(s, compact[Secp256k1.NumberSize..]);

        // The signer does not tell which point its nonce made, so both are tried.
        Span<byte> recovered = stackalloc byte[Secp256k1.PointSize];
        for (var recoveryId = 0; recoveryId < 2; recoveryId++)
            if (TryRecover(digest, compact, recoveryId, recovered) && recovered.SequenceEqual(point)) return recoveryId;
        throw new CryptographicException("The signature does not lead back to its key.");
    }

    /// <remarks>SEC 1 §4.1.6: the nonce's point R has the x coordinate r; the key is r⁻¹ (s R − e G).</remarks>
    public bool TryRecover(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> compact, int recoveryId, Span<byte> point)
    {
        var r = Number(compact[..Secp256k1.NumberSize]);
        var s = Number(compact[Secp256k1.NumberSize..]);
        if (r.SignValue == 0 || s.SignValue == 0 || r.CompareTo(domain.N) >= 0 || s.CompareTo(domain.N) >= 0) return false;
        ECPoint nonce;
        try
        {
            nonce = domain.Curve.DecodePoint([(byte)(2 | recoveryId), .. compact[..Secp256k1.NumberSize]]);
        }
        catch (ArgumentException)
        {
            // No point of the curve has this x.
            return false;
        }

        var inverse = r.ModInverse(domain.N);
        var ofGenerator = domain.N.Subtract(Number(digest).Mod(domain.N)).Multiply(inverse).Mod(domain.N);
        var key = ECAlgorithms.SumOfTwoMultiplies(domain.G, ofGenerator, nonce, s.Multiply(inverse).Mod(domain.N));
        if (key.IsInfinity) return false;
        Write(key, point);
        return true;
    }

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(1, bytes.ToArray());

    private static void Write(ECPoint point, Span<byte> bytes) => point.GetEncoded(compressed: false).AsSpan(1).CopyTo(bytes);

    private static void Write(BigInteger number, Span<byte> bytes)
    {
        var digits = number.ToByteArrayUnsigned();
        bytes.Clear();
        digits.CopyTo(bytes[(bytes.Length - digits.Length)..]);
    }
}
