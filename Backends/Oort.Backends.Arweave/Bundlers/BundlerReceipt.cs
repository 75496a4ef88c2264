using System.Globalization;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Keys;
using Oort.Backends.Arweave.Sending;

namespace Oort.Backends.Arweave.Bundlers;

/// <summary>What a bundler says when it has taken a data item.</summary>
/// <param name="Id">Of the item.</param>
/// <param name="Paid">In winc; 0 where it does not say, or it was free.</param>
/// <param name="Evidence">The answer itself, where its signature is the bundler's; otherwise empty.</param>
internal sealed record BundlerReceipt(byte[] Id, UInt128 Paid, ReadOnlyMemory<byte> Evidence)
{
    /// <summary>The form of receipts that can be checked. Of another the signature covers other fields, and it is no evidence.</summary>
    private const string Version = "0.2.0";

    /// <summary>Reads and checks an answer.</summary>
    /// <param name="id">Which item it is to be for.</param>
    /// <param name="bundler">Address of the key that the bundler signs with; null: not known, and then no signature says anything.</param>
    /// <exception cref="BackendException">Corrupt: it is for another item, or signed by another key, or its signature is wrong.</exception>
    public static BundlerReceipt Read(string what, byte[] answer, byte[] id, string? bundler)
    {
        using var json = new AnswerJson(what, answer);
        if (Base64UrlText.ReadExactly(json.RequiredText("id"), DataItemIdSize) is not { } named || !named.AsSpan().SequenceEqual(id))
            throw new BackendException(BackendErrorKind.Corrupt, $"{what} was answered with a receipt for {json.RequiredText("id")}, not for {Base64UrlText.Write(id)}.");
        var paid = json.Text("winc") is { } winc ? Amounts.Read(winc) ?? throw json.Bad("winc") : UInt128.Zero;
        if (bundler is null || json.Text("version") != Version || json.Text("signature") is not { } signature) return new(id, paid, ReadOnlyMemory<byte>.Empty);

        if (Base64UrlText.ReadExactly(json.RequiredText("public"), PssSignature.Size) is not { } modulus || ArweaveKey.AddressOf(modulus) != bundler)
            throw new BackendException(BackendErrorKind.Corrupt, $"{what} was answered with a receipt that another key than the bundler's ({bundler}) has signed.");
        var signed = Digest(json.RequiredText("id"), json.RequiredNumber("deadlineHeight"), json.RequiredNumber("timestamp"));
        if (Base64UrlText.ReadExactly(signature, PssSignature.Size) is not { } bytes || !PssSignature.Verify(modulus, signed, bytes))
            throw new BackendException(BackendErrorKind.Corrupt, $"{what} was answered with a receipt whose signature is wrong.");
        return new(id, paid, answer.Length <= NetworkReceipt.AnswerSizeMax ? answer : ReadOnlyMemory<byte>.Empty);
    }

    /// <summary>What a bundler signs: neither what was paid nor who holds the bytes is in it.</summary>
    public static byte[] Digest(string id, long deadlineHeight, long timestamp) => DeepHash.OfList(
        DeepHash.OfText("Bundlr"),
        DeepHash.OfText(Version),
        DeepHash.OfText(id),
        DeepHash.OfText(deadlineHeight.ToString(CultureInfo.InvariantCulture)),
        DeepHash.OfText(timestamp.ToString(CultureInfo.InvariantCulture)));

    private const int DataItemIdSize = 32;
}
