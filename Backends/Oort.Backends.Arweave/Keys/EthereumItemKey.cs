using Oort.Evm;

namespace Oort.Backends.Arweave;

/// <summary>The key of an Ethereum account as a signer of data items: a bundler keeps its credits under its address, and no AR is needed. Prints as ***.</summary>
/// <remarks>Thread-safe as long as the key, which stays its owner's, is not disposed of. The same item always has the same signature, and so the same id.</remarks>
public sealed class EthereumItemKey(EvmKey key) : IDataItemSigner
{
    public DataItemSignatureKind Kind => DataItemSignatureKind.Ethereum;

    /// <summary>0x04, x, y: 65 bytes.</summary>
    public ReadOnlyMemory<byte> Owner { get; } = key.PublicKey.ToArray();

    /// <summary>With the checksum of EIP-55.</summary>
    public string Address { get; } = key.Address.ToString();

    /// <summary>r, s and v of 27 or 28 over the message as a person signs it (EIP-191): 65 bytes.</summary>
    /// <exception cref="ObjectDisposedException">The key is gone.</exception>
    public byte[] Sign(ReadOnlySpan<byte> message) => key.SignMessage(message).ToArray();

    public override string ToString() => "***";
}
