using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Oort.Gateway;

namespace Oort.Cli;

/// <summary>A client of the gateway's IAM (IAM API: forms in, XML out): works with the keys of whoever has them, in his own account.</summary>
internal sealed class IamClient(Uri endpoint, string accessKey, Secret secretKey, TimeProvider time, X509Certificate2Collection? authorities) : IDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(1);

    private readonly HttpClient http = CaFile.Connect(authorities, patience);

    public Uri Endpoint => endpoint;

    /// <summary>Carries out an action.</summary>
    /// <returns>Its result, without namespaces; empty: it has none.</returns>
    /// <exception cref="AdminException">Not reached, or refused; says why.</exception>
    public async Task<XElement> SendAsync(string action, CancellationToken cancellationToken, params (string Name, string Value)[] fields)
    {
        (string Name, string Value)[] all = [("Action", action), ("Version", "2010-05-08"), .. fields];
        var content = Encoding.UTF8.GetBytes(string.Join('&', all.Select(field => $"{Uri.EscapeDataString(field.Name)}={Uri.EscapeDataString(field.Value)}")));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint, "/")) { Content = new ByteArrayContent(content) { Headers = { ContentType = new("application/x-www-form-urlencoded") } } };
        SignedRequest.Sign(request, content, accessKey, secretKey, time, "iam");
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            if (!response.IsSuccessStatusCode) throw new AdminException(AdminClient.Explain(response, text));
            var root = XElement.Parse(text);
            foreach (var element in root.DescendantsAndSelf()) element.Name = element.Name.LocalName;
            return root.Element(action + "Result") ?? new XElement(action + "Result");
        }
        catch (HttpRequestException e)
        {
            if (e.HttpRequestError == HttpRequestError.SecureConnectionError) throw AdminClient.Distrusted(endpoint, e);
            throw new AdminException($"No gateway answers at {endpoint} ({e.Message}); start one with `oort serve`, or name it with --endpoint URL.");
        }
        catch (XmlException e)
        {
            throw new AdminException($"What answers at {endpoint} is no gateway: {e.Message}");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AdminException($"The gateway at {endpoint} did not answer within a minute.");
        }
    }

    /// <summary>All members of a list, page by page.</summary>
    public async Task<List<XElement>> ListAsync(string action, string list, CancellationToken cancellationToken, params (string Name, string Value)[] fields)
    {
        var all = new List<XElement>();
        for ((string, string)[] more = []; ;)
        {
            var page = await SendAsync(action, cancellationToken, [.. fields, .. more]);
            all.AddRange(page.Element(list)?.Elements("member") ?? []);
            if (page.Element("IsTruncated")?.Value != "true") return all;
            more = [("Marker", page.Element("Marker")!.Value)];
        }
    }

    public void Dispose() => http.Dispose();
}
