using System.IO.Pipelines;

namespace Oort.S3;

/// <summary>The answer of GetBucketCors.</summary>
public static partial class S3Xml
{
    public static async ValueTask WriteAsync(PipeWriter pipe, CorsConfiguration configuration, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("CORSConfiguration");
        foreach (var rule in configuration.Rules)
        {
            xml.Start("CORSRule");
            xml.Optional("ID", rule.Id);
            foreach (var header in rule.AllowedHeaders) xml.Element("AllowedHeader", header);
            foreach (var method in rule.AllowedMethods) xml.Element("AllowedMethod", method);
            foreach (var origin in rule.AllowedOrigins) xml.Element("AllowedOrigin", origin);
            foreach (var header in rule.ExposeHeaders) xml.Element("ExposeHeader", header);
            if (rule.MaxAgeSeconds is { } age) xml.Element("MaxAgeSeconds", age);
            xml.End("CORSRule");
            await FlushWhenFullAsync(pipe, cancellationToken);
        }

        xml.End("CORSConfiguration");
        await FlushAsync(pipe, cancellationToken);
    }
}
