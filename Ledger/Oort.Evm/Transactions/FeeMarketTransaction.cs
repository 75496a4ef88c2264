using System.Numerics;

namespace Oort.Evm;

/// <summary>A transaction of type 2 (EIP-1559): it pays the block's base fee, and a tip above it. It carries no access list.</summary>
public sealed record FeeMarketTransaction : EvmTransaction
{
    internal const byte Type = 2;

    /// <summary>Wei for a unit of gas at most, base fee and tip together.</summary>
    public required BigInteger MaxFeePerGas { get; init; }

    /// <summary>Wei for a unit of gas that go to who makes the block: the tip.</summary>
    public required BigInteger MaxPriorityFeePerGas { get; init; }

    internal override BigInteger GasPriceMax => MaxFeePerGas;

    public override FeeMarketTransaction WithHigherFees() => this with { MaxFeePerGas = Raise(MaxFeePerGas), MaxPriorityFeePerGas = Raise(MaxPriorityFeePerGas) };

    internal override byte[] EncodeUnsigned() => [Type, .. RlpEncoder.List(Fields())];

    internal override byte[] EncodeSigned(EvmSignature signature) => [Type, .. EncodeList(Fields(), signature.RecoveryId, signature)];

    private protected override void Check()
    {
        base.Check();
        CheckWord(MaxPriorityFeePerGas, nameof(MaxPriorityFeePerGas));
        if (MaxPriorityFeePerGas > MaxFeePerGas) throw new ArgumentException("The tip is part of the fee and not above it.", nameof(MaxPriorityFeePerGas));
    }

    private byte[][] Fields() =>
    [
        RlpEncoder.Number(ChainId), RlpEncoder.Number(Nonce), RlpEncoder.Number(MaxPriorityFeePerGas), RlpEncoder.Number(MaxFeePerGas), RlpEncoder.Number(GasLimit),
        EncodeTo(), RlpEncoder.Number(Value), RlpEncoder.Bytes(Data.Span), RlpEncoder.List(),
    ];
}
