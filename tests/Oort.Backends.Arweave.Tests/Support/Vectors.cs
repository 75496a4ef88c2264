using System.Text.Json;
using Oort.Backends.Arweave.Hashing;

namespace Oort.Backends.Arweave.Tests.Support;

/// <summary>Files of tests/vectors.</summary>
internal static class Vectors
{
    public static string Root { get; } = FindRoot();

    /// <summary>tests/vectors/arweave/NAME.json.</summary>
    public static JsonElement Read(string name) => JsonDocument.Parse(Bytes(name)).RootElement;

    public static byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(Root, "tests", "vectors", "arweave", name + ".json"));

    public static byte[] Hex(this JsonElement json, string name) => Convert.FromHexString(json.GetProperty(name).GetString()!);

    public static byte[] Base64(this JsonElement json, string name) => Base64UrlText.Read(json.GetProperty(name).GetString(), 1 << 20)!;

    /// <summary>The bytes of merkle.json and tx_v2.json.</summary>
    public static byte[] Pattern(int size)
    {
        var bytes = new byte[size];
        for (var i = 0; i < size; i++) bytes[i] = (byte)(i * 7 + (i >> 8) * 13 + 1);
        return bytes;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Oort.sln"))) folder = folder.Parent;
        return folder.FullName;
    }
}
