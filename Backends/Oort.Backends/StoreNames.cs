using System.Diagnostics.CodeAnalysis;

namespace Oort.Backends;

/// <summary>The rule for names of blobs and logs, the same on every store, so that what one takes the next one takes too.</summary>
/// <remarks>
/// Parts of lower-case letters, digits, '-' and '.', joined by '/'. No part is empty or begins with '.', so no name climbs out of its
/// folder or hides in it. Cases do not mix because some media do not tell them apart.
/// </remarks>
public static class StoreNames
{
    /// <summary>Longest name in characters: with a store's own suffix it must fit a file name of 255 bytes.</summary>
    public const int LengthMax = 200;

    /// <summary>Whether <paramref name="name"/> may name a blob or a log.</summary>
    public static bool IsValid([NotNullWhen(true)] string? name)
    {
        if (name is null || name.Length == 0 || name.Length > LengthMax)
            return false;

        var partBegins = true;
        foreach (var c in name)
        {
            if (c == '/' ? partBegins : !IsPartCharacter(c) || (partBegins && c == '.'))
                return false;
            partBegins = c == '/';
        }

        return !partBegins;
    }

    /// <summary>Whether some valid name could begin with <paramref name="prefix"/> as far as its characters go; the empty prefix begins all.</summary>
    public static bool IsValidPrefix([NotNullWhen(true)] string? prefix)
    {
        if (prefix is null || prefix.Length > LengthMax)
            return false;
        foreach (var c in prefix)
        {
            if (c != '/' && !IsPartCharacter(c))
                return false;
        }

        return true;
    }

    /// <exception cref="ArgumentException">The name is not valid.</exception>
    public static void ThrowIfInvalid(string name)
    {
        if (!IsValid(name))
            throw new ArgumentException($"'{name}' is not a name for a blob or log: a-z, 0-9, '-', '.', parts joined by '/', at most {LengthMax} characters.", nameof(name));
    }

    /// <exception cref="ArgumentException">No valid name begins so.</exception>
    public static void ThrowIfInvalidPrefix(string prefix)
    {
        if (!IsValidPrefix(prefix))
            throw new ArgumentException($"'{prefix}' is not the beginning of a name for a blob or log.", nameof(prefix));
    }

    private static bool IsPartCharacter(char c) => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '.';
}
