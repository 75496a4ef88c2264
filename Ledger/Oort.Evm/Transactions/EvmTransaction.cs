using System.Numerics;

namespace Oort.Evm;

/// <summary>What an account asks a chain to do. Two are equal when their encodings are; records compare data by reference.</summary>
public abstract record EvmTransaction
{
    private protected static readonly BigInteger wordMax = BigInteger.Pow(2, 256) - 1;

    private protected EvmTransaction()
    {
    }

    /// <summary>The chain for which it is signed: on another it is not valid.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>How many transactions of the account are before it.</summary>
    public required ulong Nonce { get; init; }

    /// <summary>Gas that it may use at most; what it does not use is not paid.</summary>
    public required ulong GasLimit { get; init; }

    /// <summary>Whom it calls or pays; null: the data make a contract.</summary>
    public required EvmAddress? To { get; init; }

    /// <summary>Wei that go to <see cref="To"/>.</summary>
    public BigInteger Value { get; init; }

    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Wei for a unit of gas at most.</summary>
    internal abstract BigInteger GasPriceMax { get; }

    /// <summary>The most that it can cost in wei: value, and all gas at the highest price.</summary>
    public BigInteger CostMax => Value + GasLimit * GasPriceMax;

    /// <summary>Signs it. The same key and transaction give the same bytes each time.</summary>
    /// <exception cref="ArgumentException">A number is negative or has more than 256 bits, or the tip is above the fee.</exception>
    public SignedTransaction Sign(EvmKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Check();
        var signature = key.Sign(Keccak256.Hash(EncodeUnsigned()));
        return new(this, signature, key.Address, EncodeSigned(signature));
    }

    /// <summary>The same with fees high enough to take the place of this one, which waits: an eighth more, and at least 1 wei; nodes want a tenth.</summary>
    public abstract EvmTransaction WithHigherFees();

    /// <summary>The digest's message (EIP-155, EIP-1559).</summary>
    internal abstract byte[] EncodeUnsigned();

    internal abstract byte[] EncodeSigned(EvmSignature signature);

    private protected virtual void Check()
    {
        CheckWord(Value, nameof(Value));
        CheckWord(GasPriceMax, nameof(GasPriceMax));
        if (ChainId == 0) throw new ArgumentException("A transaction names its chain: 0 is none.", nameof(ChainId));
    }

    private protected static void CheckWord(BigInteger value, string name)
    {
        if (value < 0 || value > wordMax) throw new ArgumentException($"{name} is from 0 to below 2^256, not {value}.", name);
    }

    /// <summary>The fields, and behind them the signature.</summary>
    /// <param name="v">The parity, or what a legacy transaction makes of it and the chain.</param>
    private protected static byte[] EncodeList(byte[][] fields, BigInteger v, EvmSignature signature)
    {
        return RlpEncoder.List([.. fields, RlpEncoder.Number(v), EncodeNumber(signature.R), EncodeNumber(signature.S)]);

        static byte[] EncodeNumber(ReadOnlySpan<byte> word) => RlpEncoder.Number(new(word, isUnsigned: true, isBigEndian: true));
    }

    private protected byte[] EncodeTo() => RlpEncoder.Bytes(To?.ToArray());

    private protected static BigInteger Raise(BigInteger fee) => fee + BigInteger.Max(1, fee / 8);
}
