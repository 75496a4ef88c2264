using System.Globalization;

namespace Oort.S3;

/// <summary>Body of RestoreObject.</summary>
/// <param name="Days">For how many days the object is to be readable, 1 or more.</param>
/// <param name="Tier">"Standard", "Bulk" or "Expedited"; null: not given, which is Standard.</param>
public sealed record RestoreRequest(int Days, string? Tier);

/// <summary>Reads the body of RestoreObject. A job that selects from the object, or writes it elsewhere, is refused.</summary>
public static class RestoreReader
{
    /// <exception cref="S3Exception">MissingRequestBodyError, MalformedXML, InvalidArgument: fewer days than one; NotImplemented.</exception>
    public static RestoreRequest Parse(byte[] body)
    {
        if (body.Length == 0) throw new S3Exception(S3Errors.MissingRequestBodyError);
        return S3XmlReader.Parse(body, "RestoreRequest", static xml =>
        {
            string? days = null, tier = null, missing = null;
            xml.Children(name =>
            {
                switch (name)
                {
                    case "Days": S3XmlReader.Once(ref days, xml.Text(), name); break;
                    case "Tier": S3XmlReader.Once(ref tier, ReadTier(xml), name); break;
                    case "GlacierJobParameters": xml.Children(inner => S3XmlReader.Once(ref tier, inner == "Tier" ? ReadTier(xml) : throw S3XmlReader.Unknown(inner), inner)); break;
                    case "Description": _ = xml.Text(); break;
                    case "Type" or "SelectParameters" or "OutputLocation":
                        missing ??= name;
                        xml.Skip();
                        break;
                    default: throw S3XmlReader.Unknown(name);
                }
            });
            if (missing is not null) throw new S3Exception(S3Errors.NotImplemented, $"A restore with the element {missing} is not implemented.");
            return new RestoreRequest(ReadDays(days), tier);
        });
    }

    private static string ReadTier(S3XmlReader xml) => xml.Text() is ("Standard" or "Bulk" or "Expedited") and var tier ? tier : throw S3XmlReader.Malformed("A tier is Standard, Bulk or Expedited.");

    private static int ReadDays(string? text)
    {
        if (!int.TryParse(text?.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var days)) throw S3XmlReader.Malformed("A restore has Days, a whole number.");
        return days >= 1 ? days : throw new S3Exception(S3Errors.InvalidArgument, "restoration days should be at least 1", ("ArgumentName", "Days"), ("ArgumentValue", text!.Trim()));
    }
}
