using Oort.Backends.Arweave.Keys;

namespace Oort.Backends.Arweave.Items;

/// <summary>Checks the signature of a data item.</summary>
internal static class DataItemSignatures
{
    /// <param name="digest">Of <see cref="DataItemHeader.Digest"/>.</param>
    public static bool Verify(DataItemHeader header, ReadOnlySpan<byte> digest) => header.Kind switch
    {
        DataItemSignatureKind.Arweave => PssSignature.Verify(header.Owner.Span, digest, header.Signature.Span),
        _ => false,
    };
}
