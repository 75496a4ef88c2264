using System.Text;
using Oort.Backends.Ipfs;
using Oort.Evm;

namespace Oort.Backends.Crust;

/// <summary>What lets an account in at Crust's gateways and pinning services (Crust wiki: "W3Auth"): base 64 of CHAIN-ADDRESS:SIGNATURE, where the signature is over the address's text.</summary>
/// <remarks>It names no host, no time and no purpose, so it is a password that cannot be changed: to be made of a key that holds nothing. Prints as its account alone.</remarks>
public sealed class W3AuthToken
{
    /// <summary>Letters of a token before base 64: the longest addresses and signatures take some 300.</summary>
    private const int PlainSizeMax = 1024;

    private const string Ethereum = "eth";

    // Chains whose accounts are Ethereum's, and whose signatures are checked here.
    private static readonly string[] ethereumChains = [Ethereum, "ethereum", "pol", "polygon"];

    private readonly string signature;

    private W3AuthToken(string account, string signature)
    {
        Account = account;
        this.signature = signature;
    }

    /// <summary>The chain and the address: "eth-0x…". Not secret.</summary>
    public string Account { get; }

    private string Value => Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Account}:{signature}"));

    /// <summary>The token of an Ethereum account: EIP-191 over the 42 characters of its address.</summary>
    public static W3AuthToken Of(EvmKey key)
    {
        var address = key.Address.ToString();
        return new($"{Ethereum}-{address}", key.SignMessage(address).ToString());
    }

    /// <summary>Takes over a token that was made elsewhere, of any chain. That of an Ethereum account is checked; others only the service can check.</summary>
    /// <exception cref="FormatException">It is none, or its signature is another's. The message does not repeat it.</exception>
    public static W3AuthToken Parse(string token)
    {
        if (token.Length > PlainSizeMax * 4 / 3) throw new FormatException("A W3Auth token is shorter.");
        var bytes = new byte[PlainSizeMax];
        if (!Convert.TryFromBase64String(token.Trim(), bytes, out var size)) throw new FormatException("A W3Auth token is base 64.");
        var plain = bytes.AsSpan(0, size);
        if (plain.ContainsAnyExceptInRange((byte)'!', (byte)'~')) throw new FormatException("A W3Auth token is base 64 of printable ASCII.");
        var parts = Encoding.ASCII.GetString(plain).Split(':');
        if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0) throw new FormatException("A W3Auth token is base 64 of CHAIN-ADDRESS:SIGNATURE.");
        if (!IsSigned(parts[0], parts[1])) throw new FormatException($"The signature in the W3Auth token of {parts[0]} is not that account's.");
        return new(parts[0], parts[1]);
    }

    /// <summary>What a gateway is shown.</summary>
    public IpfsCredentials ToBasic() => IpfsCredentials.Basic(Account, signature);

    /// <summary>What a pinning service is shown.</summary>
    public IpfsCredentials ToBearer() => IpfsCredentials.Bearer(Value);

    public override string ToString() => $"{Account} ***";

    /// <summary>Whether an account signed its own address; of chains other than Ethereum's kind that is taken as given.</summary>
    private static bool IsSigned(string account, string signature)
    {
        var dash = account.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0 || !ethereumChains.Contains(account[..dash], StringComparer.Ordinal)) return true;
        var text = account[(dash + 1)..];
        var hex = signature.StartsWith("0x", StringComparison.Ordinal) ? signature : "0x" + signature;
        return EvmAddress.TryParse(text, out var address) && EvmHex.TryDecode(hex, out var bytes) && EvmSignature.TryParse(bytes, out var signed)
            && signed.TryRecover(PersonalMessage.Hash(text), out var signer) && signer == address;
    }
}
