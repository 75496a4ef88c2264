namespace Oort.S3.Client;

/// <summary>What an error answer says in its body, where it has one that can be read.</summary>
internal static class ErrorDocument
{
    /// <summary>A message is for people.</summary>
    private const int TextLengthMax = 500;

    /// <returns>Code and message; "" for what is not there. An answer that is no XML (a proxy's page) has neither; its status says enough.</returns>
    public static (string Code, string Message, string? Region) Read(byte[] body)
    {
        if (body.Length == 0) return ("", "", null);
        string code = "", message = "";
        string? region = null;
        try
        {
            AnswerReader.Parse(body, "Error", xml => xml.Children(name =>
            {
                switch (name)
                {
                    case "Code": code = Cut(xml.Text()); break;
                    case "Message": message = Cut(xml.Text()); break;
                    case "Region": region = Cut(xml.Text()); break;
                    default: xml.Skip(); break;
                }
            }));
        }
        catch (S3ClientException e) when (e.Kind == S3ErrorKind.BadAnswer)
        {
            // What was read before the damage stays: cut documents begin with the code.
        }

        return (code, message, region);
    }

    // Codes and messages go into logs: no line ends, no control characters.
    private static string Cut(string text)
    {
        var clean = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        return clean.Length <= TextLengthMax ? clean : clean[..TextLengthMax];
    }
}
