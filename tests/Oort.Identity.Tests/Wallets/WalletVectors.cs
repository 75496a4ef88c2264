using System.Text.Json;

namespace Oort.Identity.Tests.Wallets;

/// <summary>tests/vectors/ethereum/siwe.json.</summary>
internal static class WalletVectors
{
    private static readonly JsonElement file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors/ethereum/siwe.json"))).RootElement;

    public static IReadOnlyList<string> Examples { get; } = [.. file.GetProperty("examples").EnumerateArray().Select(one => one.GetProperty("text").GetString()!)];

    public static IReadOnlyList<(string Text, string Signature)> Signed { get; } = [.. file.GetProperty("signed").EnumerateArray().Select(one => (one.GetProperty("text").GetString()!, one.GetProperty("signature").GetString()!))];
}
