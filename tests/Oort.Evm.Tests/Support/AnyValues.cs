using System.Numerics;

namespace Oort.Evm.Tests.Support;

/// <summary>Types and values that a number makes.</summary>
internal static class AnyValues
{
    private static readonly string[] words = ["uint8", "uint64", "uint256", "int8", "int128", "int256", "address", "bool", "bytes1", "bytes4", "bytes32"];

    public static string Type(Random random, int depth) => random.Next(depth < 3 ? 6 : 3) switch
    {
        0 => "bytes",
        1 => "string",
        2 => words[random.Next(words.Length)],
        3 => $"({string.Join(',', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Type(random, depth + 1)))})",
        4 => $"{Type(random, depth + 1)}[]",
        _ => $"{Type(random, depth + 1)}[{random.Next(1, 4)}]",
    };

    public static object Value(AbiType type, Random random) => type.Kind switch
    {
        AbiKind.UnsignedInteger => Number(random, type.Size),
        AbiKind.SignedInteger => Number(random, type.Size - 1) * (random.Next(2) * 2 - 1),
        AbiKind.Address => new EvmAddress(Bytes(random, EvmAddress.Size)),
        AbiKind.Boolean => random.Next(2) == 0,
        AbiKind.FixedBytes => Bytes(random, type.Size),
        AbiKind.Bytes => Bytes(random, random.Next(70)),
        AbiKind.Text => string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(4) == 0 ? "é" : "x")),
        AbiKind.Tuple => type.Components.Select(component => Value(component, random)).ToArray(),
        _ => Enumerable.Range(0, type.Count ?? random.Next(4)).Select(_ => Value(type.Element!, random)).ToArray(),
    };

    /// <summary>Values as text, in which equal ones are equal.</summary>
    public static string Show(object value) => value switch
    {
        byte[] bytes => EvmHex.Encode(bytes),
        object[] values => $"[{string.Join(';', values.Select(Show))}]",
        _ => $"{value}",
    };

    private static BigInteger Number(Random random, int bits) => new BigInteger(Bytes(random, 32), isUnsigned: true) >> (256 - random.Next(bits + 1));

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
