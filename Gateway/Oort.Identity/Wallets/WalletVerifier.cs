using Oort.Evm;

namespace Oort.Identity.Wallets;

/// <summary>Signs in wallets by messages that they have signed (EIP-4361). Thread-safe.</summary>
/// <remarks>
/// 1. The text is a message, and all of it. 2. It was made for this site and a chain that is taken. 3. It is valid now. 4. This gateway has made its nonce, not long ago. 5. The key of its address has signed it (EIP-191, EIP-2). 6. The nonce is used up: last, so that only who has a key can fill what is remembered.
/// Wallets that are contracts have no key and sign by EIP-1271, which asks a chain; they are not taken.
/// </remarks>
public sealed class WalletVerifier(WalletNonces nonces, IUsedNonces used, TimeProvider time)
{
    /// <summary>By how much a wallet's clock may be ahead.</summary>
    private static readonly TimeSpan leeway = TimeSpan.FromSeconds(60);

    /// <param name="text">The message, as it was signed.</param>
    /// <param name="signature">r, s and v, 65 bytes: 0x and hexadecimal digits.</param>
    public async ValueTask<WalletAnswer> VerifyAsync(string text, string signature, WalletSite site, CancellationToken cancellationToken)
    {
        // 1.
        var message = WalletMessage.Parse(text);
        if (message is null) return Refuse(WalletError.Malformed);

        // 2.
        var isOurs = message.Domain.Equals(site.Domain, StringComparison.OrdinalIgnoreCase) && (message.Scheme is null || message.Scheme == site.Uri.Scheme) && Uri.TryCreate(message.Uri, UriKind.Absolute, out var uri) && uri == site.Uri && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0;
        if (!isOurs) return Refuse(WalletError.ForeignSite);
        if (!site.ChainIds.Contains(message.ChainId)) return Refuse(WalletError.ForeignChain);

        // 3.
        var now = time.GetUtcNow();
        if (Time(message.IssuedAt) - now > leeway || (message.NotBefore is { } notBefore && Time(notBefore) > now)) return Refuse(WalletError.NotYetValid);
        if (message.ExpirationTime is { } expiration && Time(expiration) <= now) return Refuse(WalletError.Expired);

        // 4.
        if (!nonces.TryRead(message.Nonce, out var expiresAt)) return Refuse(WalletError.ForeignNonce);
        if (expiresAt <= now) return Refuse(WalletError.Expired);

        // 5.
        var isSigned = EvmHex.TryDecode(signature, out var bytes) && EvmSignature.TryParse(bytes, out var parsed) && parsed.TryRecover(PersonalMessage.Hash(text), out var address) && address == message.Address;
        if (!isSigned) return Refuse(WalletError.BadSignature);

        // 6.
        return await used.TryUseAsync(message.Nonce, expiresAt, cancellationToken) switch
        {
            NonceUse.First => new(message.Address, message, WalletError.None),
            NonceUse.Again => Refuse(WalletError.Replayed),
            NonceUse.Expired => Refuse(WalletError.Expired),
            _ => Refuse(WalletError.Busy),
        };

        WalletAnswer Refuse(WalletError error) => new(null, message, error);
    }

    /// <summary>Of a message that was read, so it is one.</summary>
    private static DateTimeOffset Time(string text) => WalletMessageReader.TryTime(text, out var found) ? found : throw new ArgumentException("No time.", nameof(text));
}
