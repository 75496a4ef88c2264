using Oort.Evm;

namespace Oort.Identity.Wallets;

/// <summary>Why a wallet is not signed in.</summary>
public enum WalletError
{
    None,

    /// <summary>The text is no message of EIP-4361, or too long.</summary>
    Malformed,

    /// <summary>It was made for another site: domain, scheme or URI are not the gateway's.</summary>
    ForeignSite,

    /// <summary>It is for a chain that the gateway does not take.</summary>
    ForeignChain,

    NotYetValid,

    Expired,

    /// <summary>The gateway has not made the nonce.</summary>
    ForeignNonce,

    /// <summary>The nonce was used before.</summary>
    Replayed,

    /// <summary>The signature is none, not the canonical one, or of another key than the address's.</summary>
    BadSignature,

    /// <summary>Too many sign in at once; try again in some minutes.</summary>
    Busy,
}

/// <summary>What became of a message.</summary>
/// <param name="Address">Who has signed it; null: nobody is signed in.</param>
/// <param name="Message">As it was read; null: it could not be.</param>
public sealed record WalletAnswer(EvmAddress? Address, WalletMessage? Message, WalletError Error);
