namespace Oort.Evm;

/// <summary>A contract's function: what is sent to call it, and what its answer means. Thread-safe.</summary>
public sealed class AbiFunction
{
    internal const int SelectorSize = 4;

    private readonly AbiType[] inputs;
    private readonly AbiType[] outputs;
    private readonly byte[] selector;

    /// <param name="signature">"placeOrder(string,uint256,bool)"; parameters may have names.</param>
    /// <param name="outputs">"(uint256,string)"; default: it answers with nothing.</param>
    /// <exception cref="ArgumentException">A text is none of these.</exception>
    public AbiFunction(string signature, string outputs = "()")
    {
        (Signature, inputs, selector) = AbiSignature.Read(signature);
        this.outputs = AbiParser.ReadTypes(outputs);
    }

    /// <summary>Without names: what the selector is made of.</summary>
    public string Signature { get; }

    /// <summary>The first four bytes of the signature's hash, which begin a call.</summary>
    public ReadOnlySpan<byte> Selector => selector;

    /// <summary>The data of a call.</summary>
    /// <exception cref="ArgumentException">The values are not of the parameters' types.</exception>
    public byte[] Encode(params object[] values) => [.. selector, .. AbiEncoder.Encode(inputs, values)];

    /// <summary>The arguments of a call.</summary>
    /// <exception cref="EvmException">Malformed: a call of another function, or not its arguments.</exception>
    public object[] DecodeCall(ReadOnlySpan<byte> data) => data.StartsWith(selector)
        ? AbiDecoder.Decode(inputs, data[SelectorSize..])
        : throw EvmException.Malformed($"The data are not a call of {Signature}");

    /// <summary>What the function answered.</summary>
    /// <exception cref="EvmException">Malformed. No data at all mean that there is no contract at the address.</exception>
    public object[] DecodeResult(ReadOnlySpan<byte> data) => data.IsEmpty && outputs.Length > 0
        ? throw EvmException.Malformed($"The answer to {Signature} is empty: there is no contract at this address on this chain; check both")
        : AbiDecoder.Decode(outputs, data);

    public override string ToString() => Signature;
}
