using System.Numerics;

namespace Oort.Evm;

/// <summary>A transaction without a type, signed for its chain (EIP-155): what chains without a fee market take.</summary>
public sealed record LegacyTransaction : EvmTransaction
{
    /// <summary>v is 35, twice the chain id, and the parity.</summary>
    internal const ulong VBase = 35;

    /// <summary>Wei for a unit of gas.</summary>
    public required BigInteger GasPrice { get; init; }

    internal override BigInteger GasPriceMax => GasPrice;

    public override LegacyTransaction WithHigherFees() => this with { GasPrice = Raise(GasPrice) };

    internal override byte[] EncodeUnsigned() => RlpEncoder.List([.. Fields(), RlpEncoder.Number(ChainId), RlpEncoder.Number(0), RlpEncoder.Number(0)]);

    internal override byte[] EncodeSigned(EvmSignature signature) => EncodeList(Fields(), (BigInteger)ChainId * 2 + VBase + signature.RecoveryId, signature);

    private byte[][] Fields() => [RlpEncoder.Number(Nonce), RlpEncoder.Number(GasPrice), RlpEncoder.Number(GasLimit), EncodeTo(), RlpEncoder.Number(Value), RlpEncoder.Bytes(Data.Span)];
}
