using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Oort.Crypto;

/// <summary>The 24 words (BIP-39, English) from which everything that is stored can be opened again.</summary>
/// <remarks>
/// 256 bits of entropy and 8 bits of checksum (the first byte of its SHA-256), 11 bits a word. The <em>entropy</em> is the root, not the
/// PBKDF2 seed that wallets take: the entropy is a full-strength key already, and there is no second password to forget.
/// Prints as "***"; the entropy is zeroed on disposal.
/// </remarks>
public sealed class RecoveryPhrase : IDisposable
{
    public const int WordCount = 24;

    private const int BitsPerWord = 11;
    private const int EntropySize = 32;

    /// <summary>Longer input is not a phrase: 24 words of at most 8 letters, and generous space between them.</summary>
    private const int TextLengthMax = 1024;

    private readonly SecretBytes entropy;

    internal RecoveryPhrase(ReadOnlySpan<byte> entropy) => this.entropy = new(entropy);

    /// <summary>The words in lower case, with one space between. Show it once and keep it nowhere.</summary>
    public string Words
    {
        get
        {
            Span<byte> bits = stackalloc byte[EntropySize + 1];
            entropy.Span.CopyTo(bits);
            bits[EntropySize] = Checksum(entropy.Span);
            var words = new string[WordCount];
            for (var i = 0; i < WordCount; i++)
            {
                var index = 0;
                for (var bit = i * BitsPerWord; bit < (i + 1) * BitsPerWord; bit++)
                    index = (index << 1) | ((bits[bit / 8] >> (7 - (bit % 8))) & 1);
                words[i] = WordList.Word(index);
            }
            CryptographicOperations.ZeroMemory(bits);
            return string.Join(' ', words);
        }
    }

    /// <summary>A new phrase.</summary>
    /// <param name="random">Where the entropy comes from; the operating system's generator when null.</param>
    public static RecoveryPhrase Generate(RandomNumberGenerator? random = null)
    {
        Span<byte> fresh = stackalloc byte[EntropySize];
        if (random is null) RandomNumberGenerator.Fill(fresh);
        else random.GetBytes(fresh);
        var phrase = new RecoveryPhrase(fresh);
        CryptographicOperations.ZeroMemory(fresh);
        return phrase;
    }

    /// <summary>Reads 24 words, in any case, with any white space around and between them.</summary>
    /// <param name="error">On failure a sentence for people, which names no word of the phrase.</param>
    public static bool TryParse(string words, [NotNullWhen(true)] out RecoveryPhrase? phrase, [NotNullWhen(false)] out string? error)
    {
        phrase = null;
        if (words.Length > TextLengthMax)
        {
            error = "The recovery phrase is too long: it has 24 words.";
            return false;
        }
        var list = words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (list.Length != WordCount)
        {
            error = string.Create(CultureInfo.InvariantCulture, $"The recovery phrase has 24 words; {list.Length} were given.");
            return false;
        }

        Span<byte> bits = stackalloc byte[EntropySize + 1];
        bits.Clear();
        try
        {
            for (var i = 0; i < WordCount; i++)
            {
                var index = WordList.IndexOf(list[i]);
                if (index < 0)
                {
                    error = string.Create(CultureInfo.InvariantCulture, $"Word {i + 1} of the recovery phrase is not in the BIP-39 English list.");
                    return false;
                }
                for (var b = 0; b < BitsPerWord; b++)
                {
                    var bit = (i * BitsPerWord) + b;
                    bits[bit / 8] |= (byte)(((index >> (BitsPerWord - 1 - b)) & 1) << (7 - (bit % 8)));
                }
            }
            if (bits[EntropySize] != Checksum(bits[..EntropySize]))
            {
                error = "The recovery phrase does not add up: a word is another one, or two have changed places.";
                return false;
            }
            phrase = new(bits[..EntropySize]);
            error = null;
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bits);
        }
    }

    /// <summary>The root of all keys. The caller disposes it.</summary>
    public RootKey DeriveRoot() => new(entropy.Span);

    public void Dispose() => entropy.Dispose();

    public override string ToString() => "***";

    private static byte Checksum(ReadOnlySpan<byte> entropy)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(entropy, hash);
        return hash[0];
    }
}
