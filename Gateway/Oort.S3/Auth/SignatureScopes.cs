using System.Collections.Concurrent;

namespace Oort.S3;

/// <summary>Remembers what Authorization headers said up to their signature, which is all that differs from one request of a client to the next.</summary>
/// <remarks>Thread-safe. Only headers whose signature was right are put in, so a stranger cannot fill it.</remarks>
internal sealed class SignatureScopes
{
    // Access keys times sets of signed headers in use within a day; some 600 bytes each. When more come, it starts anew, which costs 1 µs for each.
    private const int CountMax = 1024;

    // Longer ones sign dozens of headers and are parsed each time: so the whole stays below 4 MiB.
    private const int TextLengthMax = 1024;

    private readonly ConcurrentDictionary<string, SignatureScope> scopes;
    private readonly ConcurrentDictionary<string, SignatureScope>.AlternateLookup<ReadOnlySpan<char>> byText;

    public SignatureScopes()
    {
        scopes = new ConcurrentDictionary<string, SignatureScope>(StringComparer.Ordinal);
        byText = scopes.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <param name="text">The header up to and with "Signature=".</param>
    public SignatureScope? Find(ReadOnlySpan<char> text) => byText.TryGetValue(text, out var scope) ? scope : null;

    public void Keep(string text, SignatureScope scope)
    {
        if (text.Length > TextLengthMax)
            return;
        if (scopes.Count >= CountMax)
            scopes.Clear();
        scopes[text] = scope;
    }
}
