using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Oort.Evm;

namespace Oort.Backends.Filecoin.Tests;

/// <summary>Files of tests/vectors/filecoin.</summary>
internal static class Vectors
{
    public static JsonElement Pieces { get; } = Read("piece_cid.json");

    public static JsonElement ExternalSignatures { get; } = Read("fwss_external_signatures.json");

    public static JsonElement ExtraData { get; } = Read("fwss_extradata.json");

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    /// <summary>A number, written as one or as text.</summary>
    public static BigInteger Number(this JsonElement element, string name) => NumberOf(element.GetProperty(name));

    public static BigInteger NumberOf(JsonElement element) => element.ValueKind == JsonValueKind.String ? BigInteger.Parse(element.GetString()!, CultureInfo.InvariantCulture) : element.GetInt64();

    public static byte[] Hex(this JsonElement element, string name) => EvmHex.Decode(element.Text(name));

    public static EvmAddress Address(this JsonElement element, string name) => EvmAddress.Parse(element.Text(name));

    /// <summary>Every byte in turn, with one bit of it flipped, which differs from byte to byte.</summary>
    public static IEnumerable<byte[]> Flipped(byte[] bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            var copy = bytes.ToArray();
            copy[i] ^= (byte)(1 << i % 8);
            yield return copy;
        }
    }

    private static JsonElement Read(string name) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", "filecoin", name))).RootElement;
}
