using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace Oort.Evm;

/// <summary>An account or a contract: 20 bytes, the last of the hash of its public key, or of who made it.</summary>
public readonly struct EvmAddress : IEquatable<EvmAddress>
{
    public const int Size = 20;

    private readonly Storage bytes;

    /// <exception cref="ArgumentException">Not 20 bytes.</exception>
    public EvmAddress(ReadOnlySpan<byte> value)
    {
        if (value.Length != Size) throw new ArgumentException($"An address has {Size} bytes, not {value.Length}.", nameof(value));
        value.CopyTo(bytes);
    }

    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => bytes;

    public byte[] ToArray() => Bytes.ToArray();

    /// <summary>Reads 0x and 40 hexadecimal digits. Digits of both cases are a checksum (EIP-55), which must hold; digits of one case carry none.</summary>
    /// <exception cref="EvmException">Malformed.</exception>
    public static EvmAddress Parse(string text) => TryParse(text, out var address)
        ? address
        : throw EvmException.Malformed($"\"{EvmHex.Shown(text)}\" is not an address: 0x and {Size * 2} hexadecimal digits, all of one case or with the right checksum in their cases; compare it with where it comes from");

    /// <inheritdoc cref="Parse"/>
    public static bool TryParse([NotNullWhen(true)] string? text, out EvmAddress address)
    {
        address = default;
        Span<byte> value = stackalloc byte[Size];
        if (text is null || !EvmHex.TryDecode(text, value)) return false;
        var parsed = new EvmAddress(value);
        var digits = text.AsSpan(2);
        var hasChecksum = digits.ContainsAnyInRange('a', 'f') && digits.ContainsAnyInRange('A', 'F');
        if (hasChecksum && !text.Equals(parsed.ToString(), StringComparison.Ordinal)) return false;
        address = parsed;
        return true;
    }

    /// <summary>The address of a public key: 64 bytes, x and y.</summary>
    internal static EvmAddress OfPublicKey(ReadOnlySpan<byte> point)
    {
        var hash = Keccak256.Hash(point);
        return new(hash.Bytes[^Size..]);
    }

    /// <summary>The address of the contract that a transaction of this account and nonce makes.</summary>
    public EvmAddress OfContract(ulong nonce)
    {
        var hash = Keccak256.Hash(RlpEncoder.List(RlpEncoder.Bytes(bytes), RlpEncoder.Number(nonce)));
        return new(hash.Bytes[^Size..]);
    }

    /// <summary>The text with its checksum (EIP-55): a letter is upper case where the digit at its place in the hash of the lower-case text is 8 or more.</summary>
    public override string ToString()
    {
        var lower = Convert.ToHexStringLower(bytes);
        var hash = Keccak256.Hash(Encoding.ASCII.GetBytes(lower));
        return string.Create(2 + lower.Length, (lower, hash), static (text, state) =>
        {
            "0x".CopyTo(text);
            for (var i = 0; i < state.lower.Length; i++)
            {
                var digit = (state.hash.Bytes[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 0xF;
                text[2 + i] = digit >= 8 ? char.ToUpperInvariant(state.lower[i]) : state.lower[i];
            }
        });
    }

    public bool Equals(EvmAddress other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is EvmAddress other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }

    public static bool operator ==(EvmAddress left, EvmAddress right) => left.Equals(right);

    public static bool operator !=(EvmAddress left, EvmAddress right) => !left.Equals(right);

    [InlineArray(Size)]
    private struct Storage
    {
        private byte first;
    }
}
