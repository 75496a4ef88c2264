namespace Oort.Access.Policies;

/// <summary>Text of which some characters are wildcards: <c>*</c> for any characters or none, <c>?</c> for one.</summary>
/// <remarks>Steps are at most its length times the subject's, whatever the wildcards: both are limited by who makes them.</remarks>
internal readonly struct Glob
{
    public const char Literal = ' ';
    public const char Any = '*';
    public const char One = '?';

    private readonly string text;
    private readonly string marks;
    private readonly int literalCount;

    /// <param name="text">What literals stand for; a wildcard's place holds anything.</param>
    /// <param name="marks">As long: <see cref="Literal"/>, <see cref="Any"/> or <see cref="One"/>.</param>
    public Glob(string text, string marks)
    {
        (this.text, this.marks) = (text, marks);
        while (literalCount < marks.Length && marks[literalCount] == Literal) literalCount++;
    }

    /// <summary>Every <c>*</c> and <c>?</c> is a wildcard.</summary>
    public static Glob Parse(string pattern) => new(pattern, string.Create(pattern.Length, pattern, static (marks, pattern) =>
    {
        for (var i = 0; i < marks.Length; i++) marks[i] = pattern[i] is Any or One ? pattern[i] : Literal;
    }));

    public bool IsLiteral => literalCount == text.Length;

    public bool Matches(ReadOnlySpan<char> subject, bool ignoreCase = false)
    {
        // Most end here.
        var comparison = ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        if (!subject.StartsWith(text.AsSpan(0, literalCount), comparison)) return false;
        if (IsLiteral) return subject.Length == text.Length;
        if (literalCount == text.Length - 1 && marks[literalCount] == Any) return true;

        // After a mismatch, the last * takes one more.
        var (at, s, lastAny, anyEnd) = (literalCount, literalCount, -1, 0);
        while (s < subject.Length)
        {
            if (at < text.Length && marks[at] == Any) (lastAny, anyEnd) = (at++, s);
            else if (at < text.Length && (marks[at] == One || Equals(text[at], subject[s], ignoreCase))) (at, s) = (at + 1, s + 1);
            else if (lastAny >= 0) (at, s) = (lastAny + 1, ++anyEnd);
            else return false;
        }

        while (at < text.Length && marks[at] == Any) at++;
        return at == text.Length;
    }

    /// <summary>Whether it matches some text that begins like this.</summary>
    public bool MatchesSomethingIn(ReadOnlySpan<char> beginning)
    {
        // Places that can be reached with what was read so far, as in a simple automaton.
        var places = new bool[text.Length + 1];
        places[0] = true;
        foreach (var c in beginning)
        {
            var next = new bool[text.Length + 1];
            Spread(places);
            for (var i = 0; i < text.Length; i++)
            {
                if (!places[i]) continue;
                if (marks[i] == Any) next[i] = true;
                else if (marks[i] == One || text[i] == c) next[i + 1] = true;
            }

            places = next;
        }

        return Array.IndexOf(places, true) >= 0;
    }

    /// <summary>A * may stand for nothing.</summary>
    private void Spread(bool[] places)
    {
        for (var i = 0; i < text.Length; i++)
            if (places[i] && marks[i] == Any) places[i + 1] = true;
    }

    private static bool Equals(char a, char b, bool ignoreCase) => a == b || (ignoreCase && char.ToUpperInvariant(a) == char.ToUpperInvariant(b));
}
