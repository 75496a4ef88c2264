using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>A provider's answer, of which nothing is taken without a look at its form.</summary>
/// <param name="call">What was asked for, for people.</param>
/// <param name="said">Its body where it was read.</param>
internal sealed class PdpAnswer(string call, HttpResponseMessage response, string said) : IDisposable
{
    private const int DepthMax = 16;

    private JsonDocument? document;

    public HttpResponseMessage Response => response;

    public HttpStatusCode Status => response.StatusCode;

    public string Said => said;

    /// <summary>Content-Length; null where it is not said.</summary>
    public long? Length => response.Content.Headers.ContentLength;

    public ContentRangeHeaderValue? Range => response.Content.Headers.ContentRange;

    /// <summary>The failure that its status is.</summary>
    public BackendException Failure() => PdpFailures.Of(call, Status, said);

    /// <summary>The failure of an answer that is not what was asked for.</summary>
    public BackendException Wrong(string what) => new(BackendErrorKind.Transient, $"{call}: the answer cannot be used: {what}. If this lasts, use another provider.");

    /// <summary>A text of its JSON.</summary>
    public string Text(string name) => Property(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw Wrong($"it has no {name}");

    /// <summary>Whether a field of its JSON is true.</summary>
    public bool Flag(string name) => Property(name) is { ValueKind: JsonValueKind.True };

    /// <summary>What stands behind the last slash of Location.</summary>
    public string LastOfLocation()
    {
        var location = response.Headers.TryGetValues("Location", out var values) ? values.First() : "";
        return location[(location.LastIndexOf('/') + 1)..];
    }

    /// <summary>The transaction that Location ends with.</summary>
    public EvmHash TransactionOfLocation()
    {
        var last = LastOfLocation();
        return EvmHex.TryDecode(last, out var bytes) && bytes.Length == EvmHash.Size ? new(bytes) : throw Wrong("its Location names no transaction");
    }

    public void Dispose()
    {
        document?.Dispose();
        response.Dispose();
    }

    private JsonElement? Property(string name)
    {
        try
        {
            document ??= JsonDocument.Parse(said, new() { MaxDepth = DepthMax });
        }
        catch (JsonException e)
        {
            throw Wrong($"it is no JSON ({PdpFailures.Shown(e.Message)})");
        }

        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value) ? value : null;
    }
}
