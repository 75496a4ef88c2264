using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Oort.Gateway.Operations;
using Oort.S3;

namespace Oort.Gateway.Iam;

/// <summary>Documents that IAM and STS answer with.</summary>
internal static class QueryAnswer
{
    public static XElement X(string name, params object?[] content) => new(name, content);

    /// <summary>An element where there is a value; else nothing.</summary>
    public static XElement? Optional(string name, object? value) => value is null ? null : new XElement(name, value);

    public static XElement List(string name, IEnumerable<XElement> members) => new(name, members.Select(member => member.Name.LocalName == "member" ? member : new XElement("member", member.Nodes())));

    public static XElement Texts(string name, IEnumerable<string> members) => new(name, members.Select(member => new XElement("member", member)));

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static XElement Tags(IEnumerable<KeyValuePair<string, string>> tags) => List("Tags", tags.Select(tag => X("member", X("Key", tag.Key), X("Value", tag.Value))));

    /// <summary>Writes the answer to an action.</summary>
    /// <param name="space">Namespace of the service.</param>
    /// <param name="result">Null: the action has none.</param>
    public static async ValueTask WriteAsync(S3Request request, string space, string action, IEnumerable<object?>? result, CancellationToken cancellationToken)
    {
        var root = X($"{action}Response", result is null ? null : X($"{action}Result", [.. result]), X("ResponseMetadata", X("RequestId", request.RequestId)));
        XNamespace inner = space;
        foreach (var element in root.DescendantsAndSelf()) element.Name = inner + element.Name.LocalName;
        using var text = new MemoryStream();
        using (var writer = XmlWriter.Create(text, new() { Encoding = new UTF8Encoding(false), OmitXmlDeclaration = true })) root.Save(writer);
        request.Http.Response.ContentType = "text/xml";
        request.Http.Response.ContentLength = text.Length;
        await request.Http.Response.BodyWriter.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length), cancellationToken);
    }

    /// <summary>Writes an error as clients of IAM and STS read it.</summary>
    public static void WriteError(S3XmlWriter xml, S3Exception problem, string requestId, string space)
    {
        var error = QueryErrors.Of(problem.Error);
        xml.StartRoot("ErrorResponse", space);
        xml.Start("Error");
        xml.Element("Type", error.Status < 500 ? "Sender" : "Receiver");
        xml.Element("Code", error.Code);
        xml.Element("Message", error == problem.Error ? problem.Message : error.Message);
        xml.End("Error");
        xml.Element("RequestId", requestId);
        xml.End("ErrorResponse");
    }
}
