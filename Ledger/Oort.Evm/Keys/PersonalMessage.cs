using System.Globalization;
using System.Text;

namespace Oort.Evm;

/// <summary>What is signed when a person signs a message (EIP-191, version 0x45): the prefix keeps it from ever being a transaction.</summary>
public static class PersonalMessage
{
    /// <summary>The digest of a message's bytes.</summary>
    public static EvmHash Hash(ReadOnlySpan<byte> message)
    {
        var keccak = new Keccak256();
        keccak.Append("\u0019Ethereum Signed Message:\n"u8);
        keccak.Append(Encoding.ASCII.GetBytes(message.Length.ToString(CultureInfo.InvariantCulture)));
        keccak.Append(message);
        return keccak.Finish();
    }

    /// <summary>The digest of a text's UTF-8.</summary>
    public static EvmHash Hash(string message) => Hash(Encoding.UTF8.GetBytes(message));
}
