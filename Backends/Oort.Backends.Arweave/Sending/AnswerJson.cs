using System.Globalization;
using System.Text.Json;

namespace Oort.Backends.Arweave.Sending;

/// <summary>A JSON object that somebody answered, read strictly by name; what is not asked for is passed over.</summary>
internal sealed class AnswerJson : IDisposable
{
    private static readonly JsonDocumentOptions options = new() { MaxDepth = 16 };

    private readonly JsonDocument document;
    private readonly string what;

    /// <param name="what">For people: what was asked, and of whom.</param>
    /// <exception cref="BackendException">Transient: it is no object.</exception>
    public AnswerJson(string what, ReadOnlyMemory<byte> utf8)
    {
        this.what = what;
        try
        {
            document = JsonDocument.Parse(utf8, options);
        }
        catch (JsonException e)
        {
            throw new BackendException(BackendErrorKind.Transient, $"{what} was answered with something that is no JSON.", e);
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object) return;
        document.Dispose();
        throw new BackendException(BackendErrorKind.Transient, $"{what} was answered with JSON that is no object.");
    }

    public JsonElement Root => document.RootElement;

    public void Dispose() => document.Dispose();

    /// <summary>A text of at most 2,048 characters; null where it is absent or null.</summary>
    public string? Text(string name)
    {
        if (!Root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String && value.GetString() is { Length: <= 2048 } text ? text : throw Bad(name);
    }

    public string RequiredText(string name) => Text(name) ?? throw Bad(name);

    /// <summary>A whole number that is not negative, bare or as text; null where it is absent or null.</summary>
    public long? Number(string name)
    {
        if (!Root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        var number = -1L;
        var isNumber = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetInt64(out number),
            JsonValueKind.String => long.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out number),
            _ => false,
        };
        return isNumber && number >= 0 ? number : throw Bad(name);
    }

    public long RequiredNumber(string name) => Number(name) ?? throw Bad(name);

    public BackendException Bad(string name) => new(BackendErrorKind.Transient, $"{what} was answered without a '{name}' that can be read.");
}
