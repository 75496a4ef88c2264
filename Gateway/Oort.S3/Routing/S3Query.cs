using System.Collections;

namespace Oort.S3;

/// <summary>A query parameter.</summary>
/// <param name="Name">Decoded.</param>
/// <param name="Value">Decoded; "" without "=".</param>
/// <param name="HasValue">There was a "=".</param>
public readonly record struct S3Parameter(string Name, string Value, bool HasValue);

/// <summary>The query of a request: decoded parameters in the order sent. Names are case-sensitive.</summary>
public sealed class S3Query : IReadOnlyList<S3Parameter>
{
    private readonly List<S3Parameter> parameters;

    private S3Query(List<S3Parameter> parameters) => this.parameters = parameters;

    public static S3Query Empty { get; } = new([]);

    public int Count => parameters.Count;

    public S3Parameter this[int index] => parameters[index];

    /// <summary>Decodes a raw query, with or without the leading '?'. '+' is a space.</summary>
    /// <exception cref="S3Exception">InvalidURI: a broken escape, or not UTF-8.</exception>
    public static S3Query Parse(string? raw)
    {
        var text = raw.AsSpan();
        if (text.StartsWith("?"))
            text = text[1..];
        if (text.IsEmpty)
            return Empty;
        var parameters = new List<S3Parameter>(4);
        foreach (var range in text.Split('&'))
        {
            var pair = text[range];
            if (pair.IsEmpty)
                continue;
            var equals = pair.IndexOf('=');
            var name = equals < 0 ? pair : pair[..equals];
            var value = equals < 0 ? default : pair[(equals + 1)..];
            if (!UrlEncoding.TryDecode(name, plusIsSpace: true, out var decodedName) || !UrlEncoding.TryDecode(value, plusIsSpace: true, out var decodedValue))
                throw new S3Exception(S3Errors.InvalidUri);
            parameters.Add(new S3Parameter(decodedName, decodedValue, equals >= 0));
        }

        return new S3Query(parameters);
    }

    /// <summary>The first parameter's value, "" where it has none; null when there is no such parameter.</summary>
    public string? Get(string name)
    {
        foreach (var parameter in parameters)
        {
            if (string.Equals(parameter.Name, name, StringComparison.Ordinal))
                return parameter.Value;
        }

        return null;
    }

    public bool Contains(string name) => Get(name) is not null;

    public List<S3Parameter>.Enumerator GetEnumerator() => parameters.GetEnumerator();

    IEnumerator<S3Parameter> IEnumerable<S3Parameter>.GetEnumerator() => parameters.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => parameters.GetEnumerator();
}
