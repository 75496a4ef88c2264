using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Oort.S3;

namespace Oort.Gateway.Iam;

/// <summary>The form in which IAM and STS are asked (IAM User Guide: "Making query requests").</summary>
internal sealed class QueryForm
{
    /// <summary>A role with a long policy, fifty tags and ten policy ARNs takes some 60 KiB.</summary>
    public const int SizeMax = 256 * 1024;

    /// <summary>Items of one list.</summary>
    private const int ListCountMax = 100;

    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    public string Action => Required("Action");

    /// <exception cref="S3Exception">ValidationError.</exception>
    public static QueryForm Parse(ReadOnlySpan<byte> body)
    {
        var form = new QueryForm();
        foreach (var (name, value) in QueryHelpers.ParseQuery(Encoding.UTF8.GetString(body)))
            form.values[name] = value.Count == 1 ? value.ToString() : throw Invalid($"{name} is there twice.");
        return form;
    }

    /// <summary>Sets a value; null and nothing are the same.</summary>
    public string? this[string name]
    {
        init
        {
            if (value is not null) values[name] = value;
        }
    }

    public string? Find(string name) => values.GetValueOrDefault(name);

    public string Required(string name) => values.TryGetValue(name, out var value) && value.Length > 0 ? value : throw Invalid($"{name} is missing.");

    public int? Number(string name, int min, int max)
    {
        if (!values.TryGetValue(name, out var text)) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max ? number : throw Invalid($"{name} is a number from {min} to {max}.");
    }

    /// <summary>The items of a list of texts: <c>NAME.member.1</c> and so on.</summary>
    public IReadOnlyList<string> List(string name) => [.. Members(name).Select(prefix => Required(prefix))];

    /// <summary>The items of a list of structures: each with the text that its fields' names begin with.</summary>
    public IReadOnlyList<string> Structures(string name) => [.. Members(name).Select(prefix => prefix + ".")];

    public bool Has(string name) => values.ContainsKey(name);

    private List<string> Members(string name)
    {
        var found = new List<string>();
        for (var i = 1; ; i++)
        {
            var prefix = string.Create(CultureInfo.InvariantCulture, $"{name}.member.{i}");
            if (!values.Keys.Any(key => key == prefix || key.StartsWith(prefix + ".", StringComparison.Ordinal))) return found;
            if (i > ListCountMax) throw Invalid($"{name} has more than {ListCountMax} members.");
            found.Add(prefix);
        }
    }

    private static S3Exception Invalid(string message) => new(QueryErrors.ValidationError, message);
}
