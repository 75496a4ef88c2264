using System.Numerics;

namespace Oort.Evm;

/// <summary>A transaction as it goes to a chain. Its hash is known before it is sent, so it can be stored first and looked for afterwards.</summary>
public sealed class SignedTransaction
{
    /// <summary>Larger ones are taken by no node.</summary>
    private const int SizeMax = 128 * 1024;

    private const int LegacyFieldCount = 9;
    private const int FeeMarketFieldCount = 12;

    internal SignedTransaction(EvmTransaction transaction, EvmSignature signature, EvmAddress sender, ReadOnlyMemory<byte> raw)
    {
        Transaction = transaction;
        Signature = signature;
        Sender = sender;
        Raw = raw;
        Hash = Keccak256.Hash(raw.Span);
    }

    public EvmTransaction Transaction { get; }

    public EvmSignature Signature { get; }

    public EvmAddress Sender { get; }

    /// <summary>What is sent.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>By which the chain names it.</summary>
    public EvmHash Hash { get; }

    /// <summary>The address of the contract that it makes; null where it makes none.</summary>
    public EvmAddress? Contract => Transaction.To is null ? Sender.OfContract(Transaction.Nonce) : null;

    /// <summary>Reads a signed transaction of one of the two kinds that are written here; the sender is who signed it.</summary>
    /// <exception cref="EvmException">Malformed: not canonical, another kind, or nobody's signature.</exception>
    public static SignedTransaction Decode(ReadOnlyMemory<byte> raw)
    {
        if (raw.Length > SizeMax) throw EvmException.Malformed($"A transaction of {raw.Length} bytes is larger than the {SizeMax} that nodes take");
        if (raw.IsEmpty) throw EvmException.Malformed("A transaction is not empty");
        var (transaction, signature) = raw.Span[0] switch
        {
            FeeMarketTransaction.Type => ReadFeeMarket(RlpItem.Decode(raw[1..])),
            >= RlpEncoder.ListMark => ReadLegacy(RlpItem.Decode(raw)),
            var type => throw EvmException.Malformed($"A transaction of type {type} is not one of those that are read here (0 and 2)"),
        };
        return signature.TryRecover(Keccak256.Hash(transaction.EncodeUnsigned()), out var sender)
            ? new(transaction, signature, sender, raw)
            : throw EvmException.Malformed("The transaction's signature is nobody's");
    }

    private static (EvmTransaction, EvmSignature) ReadFeeMarket(RlpItem list)
    {
        var fields = FieldsOf(list, FeeMarketFieldCount);
        if (fields[8].Items.Count > 0) throw EvmException.Malformed("The transaction has an access list, which is not read here");
        var transaction = new FeeMarketTransaction
        {
            ChainId = ChainIdOf(fields[0].Number),
            Nonce = fields[1].Number64,
            MaxPriorityFeePerGas = fields[2].Number,
            MaxFeePerGas = fields[3].Number,
            GasLimit = fields[4].Number64,
            To = AddressOf(fields[5]),
            Value = fields[6].Number,
            Data = fields[7].Bytes,
        };
        if (transaction.MaxPriorityFeePerGas > transaction.MaxFeePerGas) throw EvmException.Malformed("The transaction's tip is above its fee");
        return (transaction, SignatureOf(fields[9].Number, fields[10], fields[11]));
    }

    private static (EvmTransaction, EvmSignature) ReadLegacy(RlpItem list)
    {
        var fields = FieldsOf(list, LegacyFieldCount);
        var v = fields[6].Number - LegacyTransaction.VBase;
        var transaction = new LegacyTransaction
        {
            ChainId = ChainIdOf(v < 0 ? 0 : v / 2),
            Nonce = fields[0].Number64,
            GasPrice = fields[1].Number,
            GasLimit = fields[2].Number64,
            To = AddressOf(fields[3]),
            Value = fields[4].Number,
            Data = fields[5].Bytes,
        };
        return (transaction, SignatureOf(v % 2, fields[7], fields[8]));
    }

    private static IReadOnlyList<RlpItem> FieldsOf(RlpItem list, int count) =>
        list.Items.Count == count ? list.Items : throw EvmException.Malformed($"A transaction of this kind has {count} fields, not {list.Items.Count}");

    private static ulong ChainIdOf(BigInteger number) =>
        number > 0 && number <= ulong.MaxValue ? (ulong)number : throw EvmException.Malformed("The transaction names no chain, or one above 64 bits");

    private static EvmAddress? AddressOf(RlpItem field) => field.Bytes.Length switch
    {
        0 => null,
        EvmAddress.Size => new EvmAddress(field.Bytes.Span),
        var length => throw EvmException.Malformed($"The transaction's receiver has {length} bytes, not {EvmAddress.Size} or none"),
    };

    private static EvmSignature SignatureOf(BigInteger parity, RlpItem r, RlpItem s)
    {
        var isCanonical = EvmSignature.TryCreate(Widen(r.Number), Widen(s.Number), parity > 1 ? -1 : (int)parity, out var signature);
        return isCanonical ? signature : throw EvmException.Malformed("The transaction's signature is not canonical: r or s is out of its range, or the parity is not 0 or 1");

        static byte[] Widen(BigInteger number)
        {
            var digits = number.ToByteArray(isUnsigned: true, isBigEndian: true);
            var word = new byte[Secp256k1.NumberSize];
            digits.CopyTo(word, word.Length - digits.Length);
            return word;
        }
    }
}
