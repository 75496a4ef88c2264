using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Items;
using Oort.Backends.Arweave.Keys;

namespace Oort.Backends.Arweave.Transactions;

/// <summary>A transaction of format 2 that stores data and moves no tokens. The data itself is sent in chunks.</summary>
internal sealed record ArweaveTransaction
{
    /// <summary>The longest JSON that is read: owner and signature with the most tags there may be. With data in it, it is no answer that was asked for.</summary>
    public const int JsonSizeMax = 16 * 1024;

    /// <summary>Bytes of an id.</summary>
    public const int IdSize = 32;

    private const int AnchorSizeMax = 48;

    /// <summary>A block's hash or a transaction's id: not valid when it is older than 50 blocks, so that a transaction is either mined soon or never.</summary>
    public required ReadOnlyMemory<byte> Anchor { get; init; }

    /// <summary>The wallet's modulus.</summary>
    public required ReadOnlyMemory<byte> Owner { get; init; }

    public IReadOnlyList<DataItemTag> Tags { get; init; } = [];

    public required long DataSize { get; init; }

    public required ReadOnlyMemory<byte> DataRoot { get; init; }

    /// <summary>What is paid, in winston.</summary>
    public required UInt128 Reward { get; init; }

    public ReadOnlyMemory<byte> Signature { get; init; }

    public byte[] Id => SHA256.HashData(Signature.Span);

    /// <summary>What is signed: 48 bytes.</summary>
    public byte[] Digest() => DeepHash.OfList(
        DeepHash.OfText("2"),
        DeepHash.OfBytes(Owner.Span),
        DeepHash.OfBytes([]),
        DeepHash.OfText("0"),
        DeepHash.OfText(Reward.ToString(CultureInfo.InvariantCulture)),
        DeepHash.OfBytes(Anchor.Span),
        DeepHash.OfList([.. Tags.Select(tag => DeepHash.OfList(DeepHash.OfText(tag.Name), DeepHash.OfText(tag.Value)))]),
        DeepHash.OfText(DataSize.ToString(CultureInfo.InvariantCulture)),
        DeepHash.OfBytes(DataRoot.Span));

    public ArweaveTransaction Signed(ArweaveKey key) => this with { Signature = key.Sign(Digest()) };

    /// <summary>Whether the owner has signed it.</summary>
    public bool Verify() => PssSignature.Verify(Owner.Span, Digest(), Signature.Span);

    /// <summary>As nodes take it, without the data.</summary>
    public byte[] WriteJson()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("format", 2);
            json.WriteString("id", Base64UrlText.Write(Id));
            json.WriteString("last_tx", Base64UrlText.Write(Anchor.Span));
            json.WriteString("owner", Base64UrlText.Write(Owner.Span));
            json.WriteStartArray("tags");
            foreach (var tag in Tags)
            {
                json.WriteStartObject();
                json.WriteString("name", Base64UrlText.Write(System.Text.Encoding.UTF8.GetBytes(tag.Name)));
                json.WriteString("value", Base64UrlText.Write(System.Text.Encoding.UTF8.GetBytes(tag.Value)));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("target", "");
            json.WriteString("quantity", "0");
            json.WriteString("data_size", DataSize.ToString(CultureInfo.InvariantCulture));
            json.WriteString("data_root", Base64UrlText.Write(DataRoot.Span));
            json.WriteString("data", "");
            json.WriteString("reward", Reward.ToString(CultureInfo.InvariantCulture));
            json.WriteString("signature", Base64UrlText.Write(Signature.Span));
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what a node says; null for anything but a transaction of format 2 that moves no tokens and whose id is that of its signature. The signature itself is checked by <see cref="Verify"/>.</summary>
    public static ArweaveTransaction? ReadJson(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > JsonSizeMax) return null;
        try
        {
            using var document = JsonDocument.Parse(utf8);
            var json = document.RootElement;
            if (json.GetProperty("format").GetInt32() != 2 || Text("target").Length > 0 || Text("quantity") != "0") return null;
            if (Base64UrlText.Read(Text("last_tx"), AnchorSizeMax) is not { } anchor || Base64UrlText.ReadExactly(Text("owner"), PssSignature.Size) is not { } owner) return null;
            if (Base64UrlText.ReadExactly(Text("data_root"), IdSize) is not { } root || Base64UrlText.ReadExactly(Text("signature"), PssSignature.Size) is not { } signature) return null;
            if (!long.TryParse(Text("data_size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size) || !UInt128.TryParse(Text("reward"), NumberStyles.None, CultureInfo.InvariantCulture, out var reward)) return null;
            if (json.GetProperty("tags").GetArrayLength() > DataItemTags.CountMax) return null;
            var transaction = new ArweaveTransaction
            {
                Anchor = anchor,
                Owner = owner,
                Tags = [.. json.GetProperty("tags").EnumerateArray().Select(tag => new DataItemTag(Word(tag, "name"), Word(tag, "value")))],
                DataSize = size,
                DataRoot = root,
                Reward = reward,
                Signature = signature,
            };
            return Text("id") == Base64UrlText.Write(transaction.Id) ? transaction : null;

            string Text(string name) => json.GetProperty(name).GetString() ?? throw new FormatException();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static string Word(JsonElement tag, string name) =>
        Base64UrlText.Read(tag.GetProperty(name).GetString(), DataItemTags.ValueSizeMax) is { } bytes ? new System.Text.UTF8Encoding(false, true).GetString(bytes) : throw new FormatException();
}
