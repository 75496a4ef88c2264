using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>A form that a browser posts to a bucket (S3 API: "POST Object"): the fields before its file, and the file. What comes after the file is passed over.</summary>
public sealed class PostForm
{
    private const string ChecksumPrefix = "x-amz-checksum-";
    private const string Variable = "${filename}";

    /// <summary>Fields that say who posts and are no headers of the object.</summary>
    private static readonly string[] credentials = ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "x-amz-security-token"];

    /// <summary>Fields that are headers of PutObject, beside those that begin with x-amz-.</summary>
    private static readonly string[] headers = ["Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-MD5", "Content-Type", "Expires"];

    /// <summary>What the request itself says of its own body, or of objects as PutObject does: the form's word counts instead.</summary>
    private static readonly string[] conditions = ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"];

    private readonly Dictionary<string, string> fields = new(StringComparer.OrdinalIgnoreCase);

    internal PostForm(IEnumerable<KeyValuePair<string, string>> fields, string fileName, FormFile file)
    {
        foreach (var (name, value) in fields)
        {
            // What is signed must be as it was sent.
            var isFilled = !PolicyFields.Contains(name, StringComparer.OrdinalIgnoreCase);
            if (!this.fields.TryAdd(name, isFilled ? value.Replace(Variable, fileName, StringComparison.Ordinal) : value))
                throw new S3Exception(S3Errors.InvalidArgument, $"POST requires each field once; '{name}' is there twice.", ("ArgumentName", name));
        }

        File = file;
    }

    /// <summary>Fields that no policy need name.</summary>
    internal static IReadOnlyList<string> PolicyFields { get; } = ["policy", "signature", "x-amz-signature", "AWSAccessKeyId"];

    /// <summary>Names in any case.</summary>
    public IReadOnlyDictionary<string, string> Fields => fields;

    internal FormFile File { get; }

    /// <summary>Null: there is no such field.</summary>
    public string? Get(string name) => fields.GetValueOrDefault(name);

    /// <exception cref="S3Exception">InvalidArgument: it is not there, or empty.</exception>
    internal string Require(string name) => Get(name) is { Length: > 0 } value
        ? value
        : throw new S3Exception(S3Errors.InvalidArgument, $"Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields.", ("ArgumentName", name), ("ArgumentValue", ""));

    /// <summary>Fields that a policy must name: not those that say who posts, those that are to be ignored, and checksums, which only hold the file to what it is.</summary>
    internal static bool MustBeNamed(string field) =>
        !PolicyFields.Contains(field, StringComparer.OrdinalIgnoreCase) && !field.StartsWith("x-ignore-", StringComparison.OrdinalIgnoreCase) && !field.StartsWith(ChecksumPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Makes the request's headers those of a PutObject of the same object.</summary>
    /// <exception cref="S3Exception">InvalidArgument: a field that no header can hold; what is wrong with the tags.</exception>
    internal void WriteTo(IHeaderDictionary request)
    {
        foreach (var name in request.Keys.Where(name => IsHeader(name) || conditions.Contains(name, StringComparer.OrdinalIgnoreCase)).ToList()) request.Remove(name);
        foreach (var (name, value) in fields)
        {
            if (value.Length == 0 || !IsHeader(name) || credentials.Contains(name, StringComparer.OrdinalIgnoreCase)) continue;
            if (!HeaderText.IsName(name) || value.Any(char.IsControl)) throw new S3Exception(S3Errors.InvalidArgument, "A field of the form cannot be a header of an object.", ("ArgumentName", name));
            request[name] = value;
        }

        if (Get("acl") is { Length: > 0 } acl) request[AccessListHeaders.CannedHeader] = acl;
        if (Get("tagging") is { Length: > 0 } tagging) request["x-amz-tagging"] = string.Join('&', S3Documents.ParseTagging(System.Text.Encoding.UTF8.GetBytes(tagging)).Select(tag => $"{Uri.EscapeDataString(tag.Key)}={Uri.EscapeDataString(tag.Value)}"));
    }

    private static bool IsHeader(string name) => name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase) || headers.Contains(name, StringComparer.OrdinalIgnoreCase);
}
