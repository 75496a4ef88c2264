using System.Globalization;
using System.Text;

namespace Oort.Backends.Arweave.Sending;

/// <summary>Amounts in winston: 10^12 of them are one AR. Services write them as decimal text; a winc of a bundler's credits is about a winston's worth of upload.</summary>
internal static class Amounts
{
    private const decimal WinstonPerAr = 1_000_000_000_000m;

    /// <summary>More winston than there are, by far; what is above it is no amount.</summary>
    private static readonly UInt128 max = UInt128.Parse("79000000000000000000000000000", CultureInfo.InvariantCulture);

    /// <summary>Null where the text is no whole number that an amount can be.</summary>
    public static UInt128? Read(ReadOnlySpan<char> text) =>
        UInt128.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var amount) && amount <= max ? amount : null;

    /// <summary>An answer that is nothing but an amount.</summary>
    /// <exception cref="BackendException">Transient: it is not.</exception>
    public static UInt128 Of(string what, HttpAnswer answer) =>
        Read(Encoding.UTF8.GetString(answer.Body).Trim()) ?? throw new BackendException(BackendErrorKind.Transient, $"{what} was answered '{answer.Text}', which is no amount.");

    public static decimal ToAr(UInt128 winston) => (decimal)winston / WinstonPerAr;
}
