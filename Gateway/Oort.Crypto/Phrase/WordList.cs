using System.Collections.Frozen;
using System.Diagnostics;

namespace Oort.Crypto;

/// <summary>The English word list of BIP-39 (bitcoin/bips, bip-0039/english.txt): 2,048 words in alphabetical order, so a word is 11 bits.</summary>
internal static class WordList
{
    public const int Count = 2048;

    private static readonly string[] words = Load();

    private static readonly FrozenDictionary<string, int> indices =
        words.Select((word, index) => KeyValuePair.Create(word, index)).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static string Word(int index) => words[index];

    /// <summary>The word's 11 bits, or −1 when it is not in the list. Case is ignored: phrases are copied by hand.</summary>
    public static int IndexOf(string word) => indices.GetValueOrDefault(word, -1);

    private static string[] Load()
    {
        using var stream = typeof(WordList).Assembly.GetManifestResourceStream("bip39-english.txt")!;
        using var reader = new StreamReader(stream);
        var list = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Debug.Assert(list.Length == Count);
        return list;
    }
}
