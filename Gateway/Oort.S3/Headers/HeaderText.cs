using System.Buffers;

namespace Oort.S3;

/// <summary>What headers can be (RFC 9110 §5).</summary>
internal static class HeaderText
{
    private static readonly SearchValues<char> name = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public static bool IsName(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(name);

    /// <summary>Whether it goes into a header as it is: printable ASCII.</summary>
    public static bool IsPlain(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
