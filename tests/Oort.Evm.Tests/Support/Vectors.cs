using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Oort.Evm.Tests.Support;

/// <summary>Files of tests/vectors.</summary>
internal static class Vectors
{
    public static JsonElement Transactions { get; } = Read("ethereum/transactions.json");

    public static JsonElement W3Auth { get; } = Read("crust/w3auth.json");

    public static JsonElement StorageOrder { get; } = Read("crust/storage_order.json");

    public static JsonElement ExternalSignatures { get; } = Read("filecoin/fwss_external_signatures.json");

    public static JsonElement ExtraData { get; } = Read("filecoin/fwss_extradata.json");

    /// <summary>Anvil's first test key, which the files were made with.</summary>
    public static EvmKey Key() => EvmKey.FromHex(Transactions.Text("private_key"));

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    /// <summary>A number, written as one or as text.</summary>
    public static BigInteger Number(this JsonElement element, string name) =>
        element.GetProperty(name) is { ValueKind: JsonValueKind.String } text ? BigInteger.Parse(text.GetString()!, CultureInfo.InvariantCulture) : element.GetProperty(name).GetInt64();

    public static byte[] Hex(this JsonElement element, string name) => EvmHex.Decode(element.Text(name));

    public static EvmAddress Address(this JsonElement element, string name) => EvmAddress.Parse(element.Text(name));

    private static JsonElement Read(string path) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", path))).RootElement;
}
