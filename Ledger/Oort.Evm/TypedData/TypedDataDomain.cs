using System.Numerics;

namespace Oort.Evm;

/// <summary>For whom typed data are signed (EIP-712 "domainSeparator"): a signature is worth nothing in another domain. Fields that are null are not part of it.</summary>
public sealed record TypedDataDomain
{
    /// <summary>Of the contract or application, for people.</summary>
    public string? Name { get; init; }

    public string? Version { get; init; }

    public BigInteger? ChainId { get; init; }

    public EvmAddress? VerifyingContract { get; init; }

    public EvmHash? Salt { get; init; }

    /// <summary>The domain's hash.</summary>
    public EvmHash Separator()
    {
        var (fields, values) = (new List<string>(), new List<object>());
        Add("string name", Name);
        Add("string version", Version);
        Add("uint256 chainId", ChainId);
        Add("address verifyingContract", VerifyingContract);
        Add("bytes32 salt", Salt);
        return new TypedDataTypes($"EIP712Domain({string.Join(',', fields)})").HashStruct("EIP712Domain", [.. values]);

        void Add(string field, object? value)
        {
            if (value is null) return;
            fields.Add(field);
            values.Add(value);
        }
    }
}
