using Oort.Backends.Arweave.Keys;
using Oort.Evm;

namespace Oort.Backends.Arweave.Items;

/// <summary>Checks the signature of a data item.</summary>
internal static class DataItemSignatures
{
    /// <param name="digest">Of <see cref="DataItemHeader.Digest"/>.</param>
    public static bool Verify(DataItemHeader header, ReadOnlySpan<byte> digest) => header.Kind switch
    {
        DataItemSignatureKind.Arweave => PssSignature.Verify(header.Owner.Span, digest, header.Signature.Span),
        DataItemSignatureKind.Ethereum => VerifyEthereum(header.Owner.Span, digest, header.Signature.Span),
        _ => false,
    };

    /// <summary>The key itself is recovered, not its address: the owner is in the item. A v of 0 or 1 would be a second spelling of a signature, and so a second id of one item.</summary>
    private static bool VerifyEthereum(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature) =>
        signature is [.., 27 or 28] && EvmSignature.TryParse(signature, out var parsed) && parsed.RecoverPublicKey(PersonalMessage.Hash(digest)) is { } key && key.AsSpan().SequenceEqual(owner);
}
