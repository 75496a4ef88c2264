using System.Text;

namespace Oort.Evm;

/// <summary>Signatures and their hashes.</summary>
internal static class AbiSignature
{
    /// <summary>A function's or error's text, in canonical form, with its types and the selector.</summary>
    public static (string Canonical, AbiType[] Types, byte[] Selector) Read(string text)
    {
        var (name, parameters) = AbiParser.ReadSignature(text);
        if (parameters.Any(parameter => parameter.IsIndexed)) throw new ArgumentException($"\"{text}\" has an indexed parameter, which only events have.", nameof(text));
        AbiType[] types = [.. parameters.Select(parameter => parameter.Type)];
        var canonical = Canonical(name, types);
        return (canonical, types, Hash(canonical).Bytes[..AbiFunction.SelectorSize].ToArray());
    }

    public static string Canonical(string name, IEnumerable<AbiType> types) => $"{name}({string.Join(',', types.Select(type => type.Name))})";

    public static EvmHash Hash(string canonical) => Keccak256.Hash(Encoding.ASCII.GetBytes(canonical));
}
