using System.Security.Cryptography;
using Oort.Crypto;

namespace Oort.Objects;

/// <summary>What of the cluster's keys those need to know who ask for encryption by a customer's key or a key with a name.</summary>
/// <param name="defaultName">The key with a name that is meant where nobody names one; empty: there is none.</param>
/// <param name="learnAsync">Takes over keys that another gateway has made, if it has, and looks no more often than it should; null: there is no other.</param>
public sealed class EncryptionKeys(Keyring keyring, string defaultName = "", Func<CancellationToken, ValueTask>? learnAsync = null)
{
    /// <summary>The key with a name that is meant where nobody names one; empty: there is none.</summary>
    public string DefaultName => defaultName;

    /// <summary>Bytes of what <see cref="MakeCheck"/> makes.</summary>
    public const int CheckSize = Keyring.CustomerSaltSize + Keyring.CustomerCheckSize;

    /// <summary>Whether there is a key of this name.</summary>
    public ValueTask<bool> HasNamedAsync(string name, CancellationToken cancellationToken)
    {
        if (keyring.HasNamedKey(name)) return new(true);
        return learnAsync is null ? new(false) : LearnAsync();

        async ValueTask<bool> LearnAsync()
        {
            await learnAsync(cancellationToken);
            return keyring.HasNamedKey(name);
        }
    }

    /// <summary>By which the customer's key is known again: a salt, and a value keyed by the cluster's keys, of which nobody learns anything without them.</summary>
    public byte[] MakeCheck(InnerKey customer)
    {
        var check = new byte[CheckSize];
        RandomBytes.Fill(check.AsSpan(0, Keyring.CustomerSaltSize));
        keyring.CheckCustomerKey(customer, check.AsSpan(0, Keyring.CustomerSaltSize), check.AsSpan(Keyring.CustomerSaltSize));
        return check;
    }

    /// <summary>Whether a check was made of this key.</summary>
    public bool IsChecked(InnerKey customer, ReadOnlySpan<byte> check)
    {
        if (check.Length != CheckSize) return false;
        Span<byte> expected = stackalloc byte[Keyring.CustomerCheckSize];
        keyring.CheckCustomerKey(customer, check[..Keyring.CustomerSaltSize], expected);
        return CryptographicOperations.FixedTimeEquals(expected, check[Keyring.CustomerSaltSize..]);
    }
}
