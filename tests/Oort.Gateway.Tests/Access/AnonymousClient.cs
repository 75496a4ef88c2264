using System.Globalization;
using Oort.Gateway.Tests.Operations;

namespace Oort.Gateway.Tests.Access;

/// <summary>Sends requests that nobody has signed.</summary>
internal static class AnonymousClient
{
    private static readonly HttpClient http = new();

    public static Task<RawAnswer> SendAsync(TestGateway gateway, string method, string target, string? body = null, params (string Name, string Value)[] headers) => SendAsync(gateway.Endpoint, method, target, body, headers);

    public static async Task<RawAnswer> SendAsync(Uri endpoint, string method, string target, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), new Uri(endpoint, target));
        if (body is not null) request.Content = new StringContent(body);
        foreach (var (name, value) in headers)
            if (!request.Headers.TryAddWithoutValidation(name, value)) request.Content!.Headers.TryAddWithoutValidation(name, value);
        using var answer = await http.SendAsync(request);
        var found = answer.Headers.Concat(answer.Content.Headers).ToDictionary(header => header.Key.ToLower(CultureInfo.InvariantCulture), header => string.Join(',', header.Value));
        return new((int)answer.StatusCode, found, await answer.Content.ReadAsByteArrayAsync());
    }
}
