using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Oort.Evm;

namespace Oort.Identity.Wallets;

/// <summary>What a wallet signs to sign in (EIP-4361). Every message has one text, and every text one message. Texts are those of the message, not unescaped.</summary>
public sealed record WalletMessage
{
    /// <summary>Characters. A wallet shows the message to a person.</summary>
    public const int LengthMax = 4 * 1024;

    public const int ResourceCountMax = 20;

    /// <summary>Of the page that asks; null: https is meant.</summary>
    public string? Scheme { get; init; }

    /// <summary>Host, and port where it has one, of the page that asks; wallets compare it.</summary>
    public required string Domain { get; init; }

    public required EvmAddress Address { get; init; }

    /// <summary>What the person agrees to; null: nothing.</summary>
    public string? Statement { get; init; }

    /// <summary>What is signed in to.</summary>
    public required string Uri { get; init; }

    /// <summary>EIP-155.</summary>
    public required ulong ChainId { get; init; }

    public required string Nonce { get; init; }

    /// <summary>RFC 3339; so are the next two.</summary>
    public required string IssuedAt { get; init; }

    /// <summary>Null: never.</summary>
    public string? ExpirationTime { get; init; }

    /// <summary>Null: at once.</summary>
    public string? NotBefore { get; init; }

    public string? RequestId { get; init; }

    /// <summary>URIs; null: the message does not speak of any, which is another text than that of none.</summary>
    public ImmutableArray<string>? Resources { get; init; }

    /// <returns>Null: the text is no message, or exceeds a limit.</returns>
    public static WalletMessage? Parse(string text) => new WalletMessageReader(text).Read();

    /// <summary>The text that is signed.</summary>
    /// <exception cref="ArgumentException">A field is not as it must be: nobody could read the text.</exception>
    public string Write()
    {
        var text = new StringBuilder();
        if (Scheme is not null) text.Append(Scheme).Append("://");
        text.Append(Domain).Append(WalletMessageReader.Asks).Append('\n').Append(Address.ToString()).Append("\n\n");
        if (Statement is not null) text.Append(Statement).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"\nURI: {Uri}\nVersion: 1\nChain ID: {ChainId}\nNonce: {Nonce}\nIssued At: {IssuedAt}");
        if (ExpirationTime is not null) text.Append("\nExpiration Time: ").Append(ExpirationTime);
        if (NotBefore is not null) text.Append("\nNot Before: ").Append(NotBefore);
        if (RequestId is not null) text.Append("\nRequest ID: ").Append(RequestId);
        if (Resources is { } resources)
        {
            text.Append("\nResources:");
            foreach (var resource in resources) text.Append("\n- ").Append(resource);
        }

        var written = text.ToString();
        return Parse(written) is { } same && same.Equals(this) ? written : throw new ArgumentException("A field of the message is not as EIP-4361 has it.");
    }

    public bool Equals(WalletMessage? other) => other is not null && Scheme == other.Scheme && Domain == other.Domain && Address == other.Address && Statement == other.Statement && Uri == other.Uri && ChainId == other.ChainId
        && Nonce == other.Nonce && IssuedAt == other.IssuedAt && ExpirationTime == other.ExpirationTime && NotBefore == other.NotBefore && RequestId == other.RequestId
        && Resources.HasValue == other.Resources.HasValue && (Resources is not { } own || own.SequenceEqual(other.Resources!.Value));

    public override int GetHashCode() => HashCode.Combine(Domain, Address, Nonce, IssuedAt);
}
