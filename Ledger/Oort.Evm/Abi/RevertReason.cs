using System.Numerics;

namespace Oort.Evm;

/// <summary>Why a contract refused: the bytes with which it reverted, and what they say.</summary>
public sealed class RevertReason
{
    /// <summary>A contract may write any text; what is repeated of it is bounded.</summary>
    private const int TextLengthMax = 512;

    private static readonly AbiError message = new("Error(string)");
    private static readonly AbiError panic = new("Panic(uint256)");

    // Solidity documentation: "Panic via assert and Error via require".
    private static readonly Dictionary<BigInteger, string> panics = new()
    {
        [0x00] = "of the compiler",
        [0x01] = "assertion failed",
        [0x11] = "arithmetic overflow",
        [0x12] = "division by zero",
        [0x21] = "no such value of an enum",
        [0x22] = "storage is encoded wrongly",
        [0x31] = "pop of an empty array",
        [0x32] = "index out of bounds",
        [0x41] = "too much memory",
        [0x51] = "call of a function that was not set",
    };

    private RevertReason(byte[] data, string text) => (Data, Text) = (data, text);

    /// <summary>What the contract reverted with: a selector and its values, or nothing. <see cref="AbiError.TryDecode"/> reads the errors that a contract declares.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>For people: the text of require and revert, the meaning of a panic, or the selector of the contract's own error. Short, and without control characters.</summary>
    public string Text { get; }

    /// <param name="data">What the contract reverted with.</param>
    /// <param name="errors">Errors that it declares, which are named in the text.</param>
    public static RevertReason Read(ReadOnlySpan<byte> data, params ReadOnlySpan<AbiError> errors) => new(data.ToArray(), Describe(data, errors));

    public override string ToString() => Text;

    private static string Describe(ReadOnlySpan<byte> data, ReadOnlySpan<AbiError> errors)
    {
        if (data.IsEmpty) return "without a reason";
        if (message.TryDecode(data, out var values)) return Printable((string)values[0]);
        if (panic.TryDecode(data, out values)) return $"panic {EvmHex.EncodeQuantity((BigInteger)values[0])}: {panics.GetValueOrDefault((BigInteger)values[0], "unknown")}";
        foreach (var error in errors)
            if (error.TryDecode(data, out values)) return $"{error.Signature} with {Printable(string.Join(", ", values.Select(Show)))}";
        return data.Length < AbiFunction.SelectorSize ? $"with {EvmHex.Encode(data)}" : $"with its own error {EvmHex.Encode(data[..AbiFunction.SelectorSize])}";
    }

    private static string Show(object value) => value switch
    {
        byte[] bytes => EvmHex.Encode(bytes.AsSpan(0, Math.Min(bytes.Length, TextLengthMax))),
        object[] values => $"({string.Join(", ", values.Take(TextLengthMax).Select(Show))})",
        _ => $"{value}",
    };

    private static string Printable(string text) => EvmHex.Shown(text, TextLengthMax);
}
