namespace Oort.Identity.Wallets;

/// <summary>What became of a nonce that was to be used.</summary>
public enum NonceUse
{
    /// <summary>Nobody has used it before, and nobody can from now on.</summary>
    First,

    /// <summary>It was used before.</summary>
    Again,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>There is no room to remember it. It may be tried again later.</summary>
    Full,
}

/// <summary>Remembers nonces that were used, until their time is over.</summary>
public interface IUsedNonces
{
    /// <summary>Uses a nonce. Of any number of calls with one nonce, however they overlap, at most one gets <see cref="NonceUse.First"/>; so what is remembered is forgotten only when every further call would get <see cref="NonceUse.Expired"/>.</summary>
    ValueTask<NonceUse> TryUseAsync(string nonce, DateTimeOffset expiresAt, CancellationToken cancellationToken);
}
