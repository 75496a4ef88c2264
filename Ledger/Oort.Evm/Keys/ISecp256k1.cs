namespace Oort.Evm;

/// <summary>ECDSA over secp256k1 (SEC 2 §2.4.1). Numbers are 32 bytes, big-endian; points 64 bytes, x and y.</summary>
internal interface ISecp256k1
{
    /// <summary>The point of a secret key; false when the key is nought or not below the order.</summary>
    bool TryGetPublicKey(ReadOnlySpan<byte> secret, Span<byte> point);

    /// <summary>Signs with the nonce of RFC 6979, the lower of both s.</summary>
    /// <param name="compact">r and s, 64 bytes.</param>
    /// <returns>The recovery id: bit 0 is the parity of the nonce's point.</returns>
    int Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> digest, Span<byte> compact);

    /// <summary>The point whose key signed; false when there is none.</summary>
    /// <param name="compact">r and s, both from 1 to below the order.</param>
    /// <param name="recoveryId">0 or 1.</param>
    bool TryRecover(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> compact, int recoveryId, Span<byte> point);
}
