using System.Text;
using Oort.Evm;

namespace Oort.Backends.Crust.Tests.Support;

/// <summary>How Crust's gateways and services let somebody in: whoever signed the address that the token names.</summary>
internal static class W3AuthCheck
{
    /// <summary>The address that is let in; null: nobody.</summary>
    public static string? Account(string header, string scheme)
    {
        if (!header.StartsWith(scheme + " ", StringComparison.Ordinal)) return null;
        var parts = Encoding.ASCII.GetString(Convert.FromBase64String(header[(scheme.Length + 1)..])).Split(':');
        var names = parts[0].Split('-');
        if (parts.Length != 2 || names.Length != 2 || names[0] != "eth") return null;
        if (!EvmSignature.TryParse(Convert.FromHexString(parts[1][2..]), out var signature)) return null;
        return signature.TryRecover(PersonalMessage.Hash(names[1]), out var signer) && string.Equals(signer.ToString(), names[1], StringComparison.OrdinalIgnoreCase) ? names[1] : null;
    }
}
