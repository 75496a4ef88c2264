using System.Text.Json;

namespace Oort.Identity.WebIdentity;

/// <summary>Reads JSON that others wrote: an object in UTF-8, of which no two readers can think differently.</summary>
internal static class StrictJson
{
    /// <summary>Tokens and keys are two levels deep; claims of providers' own are a few more.</summary>
    private const int DepthMax = 16;

    private static readonly JsonDocumentOptions options = new() { AllowDuplicateProperties = false, MaxDepth = DepthMax };

    /// <returns>An object; the caller disposes of it.</returns>
    /// <exception cref="FormatException">It is none, or a member is there twice, anywhere.</exception>
    public static JsonDocument ReadObject(ReadOnlyMemory<byte> utf8)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(utf8, options);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new FormatException("is no object");
            CheckTexts(document.RootElement);
            return document;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            document?.Dispose();
            throw new FormatException(e is FormatException ? e.Message : "is no JSON in UTF-8 in which every member is there once", e);
        }
    }

    /// <summary>The member's text; null: there is no such member.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static string? Text(this JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var found)) return null;
        return found.ValueKind == JsonValueKind.String ? found.GetString()! : throw new FormatException($"has a \"{name}\" that is no text");
    }

    /// <summary>One text, or a list of them; null: there is no such member.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static string[]? Texts(this JsonElement element, string name, bool takesOne)
    {
        if (!element.TryGetProperty(name, out var found)) return null;
        if (takesOne && found.ValueKind == JsonValueKind.String) return [found.GetString()!];
        if (found.ValueKind != JsonValueKind.Array || found.EnumerateArray().Any(one => one.ValueKind != JsonValueKind.String)) throw new FormatException($"has a \"{name}\" that is no list of texts");
        return [.. found.EnumerateArray().Select(one => one.GetString()!)];
    }

    /// <summary>Names and texts are looked at when they are asked for; what is no UTF-8, or half a character in an escape, throws only then.</summary>
    private static void CheckTexts(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String) element.GetString();
        if (element.ValueKind == JsonValueKind.Array)
            foreach (var one in element.EnumerateArray()) CheckTexts(one);
        if (element.ValueKind != JsonValueKind.Object) return;
        foreach (var property in element.EnumerateObject())
        {
            _ = property.Name;
            CheckTexts(property.Value);
        }
    }
}
