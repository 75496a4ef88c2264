namespace Oort.Backends.Arweave;

/// <summary>Who signs data items. The numbers are those of ANS-104.</summary>
public enum DataItemSignatureKind
{
    /// <summary>RSA-PSS of an Arweave wallet.</summary>
    Arweave = 1,

    /// <summary>secp256k1 of an Ethereum account, over an EIP-191 message.</summary>
    Ethereum = 3,
}

/// <summary>A key that signs data items, and whose account pays for them.</summary>
/// <remarks>Thread-safe; prints nothing secret.</remarks>
public interface IDataItemSigner
{
    DataItemSignatureKind Kind { get; }

    /// <summary>The public key, in as many bytes as the kind has.</summary>
    ReadOnlyMemory<byte> Owner { get; }

    /// <summary>The account, as people write it.</summary>
    string Address { get; }

    /// <summary>Signs the deep hash of an item.</summary>
    /// <param name="message">48 bytes.</param>
    byte[] Sign(ReadOnlySpan<byte> message);
}
