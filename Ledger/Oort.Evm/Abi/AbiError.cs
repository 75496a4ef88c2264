using System.Diagnostics.CodeAnalysis;

namespace Oort.Evm;

/// <summary>An error that a contract declares, with which it refuses.</summary>
public sealed class AbiError
{
    private readonly AbiType[] types;
    private readonly byte[] selector;

    /// <param name="signature">"InsufficientFunds(uint256,uint256)"; parameters may have names.</param>
    /// <exception cref="ArgumentException">The text is no such signature.</exception>
    public AbiError(string signature) => (Signature, types, selector) = AbiSignature.Read(signature);

    public string Signature { get; }

    public ReadOnlySpan<byte> Selector => selector;

    /// <summary>What the contract said with this error; false where the data are another error, or not this one's values.</summary>
    public bool TryDecode(ReadOnlySpan<byte> data, [NotNullWhen(true)] out object[]? values)
    {
        values = null;
        if (!data.StartsWith(selector)) return false;
        try
        {
            values = AbiDecoder.Decode(types, data[AbiFunction.SelectorSize..]);
            return true;
        }
        catch (EvmException)
        {
            // A contract may revert with any bytes: these only begin like the error.
            return false;
        }
    }

    public override string ToString() => Signature;
}
