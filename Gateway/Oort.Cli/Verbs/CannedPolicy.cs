using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary>Rights that most people need, as policies of IAM.</summary>
internal static class CannedPolicy
{
    private const int FileSizeMax = 20 * 1024;

    private static readonly string[] lookAtBucket = ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"];
    private static readonly string[] readObjects = ["s3:GetObject*"];
    private static readonly string[] writeObjects = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
    private static readonly string[] changeObjects = ["s3:PutObjectTagging", "s3:PutObjectVersionTagging", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", "s3:RestoreObject"];

    /// <summary>A policy and the name it gets.</summary>
    /// <param name="what">readonly, readwrite, writeonly, admin, or a file of JSON.</param>
    /// <param name="bucket">Null: all of the account's.</param>
    /// <param name="prefix">Of keys; null: all.</param>
    /// <exception cref="ConfigurationException">It is none.</exception>
    public static (string Name, string Text) Read(string what, string? bucket, string? prefix, bool isAllow = true)
    {
        if (prefix is not null && bucket is null) throw new ConfigurationException("--prefix needs --bucket.");
        if (what is not ("readonly" or "readwrite" or "writeonly" or "admin"))
        {
            if (bucket is not null) throw new ConfigurationException("--bucket is for readonly, readwrite, writeonly and admin; a file names its own resources.");
            if (!isAllow) throw new ConfigurationException("What a file denies, it says itself: `oort user allow` puts it.");
            return (NameOf(Path.GetFileNameWithoutExtension(what)), ReadFile(what));
        }

        var name = NameOf(string.Join('-', ((string?[])[isAllow ? "oort" : "oort-no", what, bucket, prefix]).OfType<string>()));
        if (what == "admin" && bucket is null) return (name, Write(Statement(isAllow, ["*"], ["*"])));
        var (buckets, objects) = ($"arn:aws:s3:::{bucket ?? "*"}", $"arn:aws:s3:::{bucket ?? "*"}/{Escape(prefix ?? "")}*");
        if (what == "admin") return (name, Write(Statement(isAllow, ["s3:*"], prefix is null ? [buckets, objects] : [objects])));
        var statements = new List<object>();
        if (what != "writeonly")
        {
            statements.Add(Statement(isAllow, ["s3:ListBucket"], [buckets], prefix));
            if (isAllow) statements.Add(Statement(isAllow, prefix is null ? lookAtBucket : lookAtBucket[..2], [buckets]));
            statements.Add(Statement(isAllow, readObjects, [objects]));
        }
        else if (isAllow) statements.Add(Statement(isAllow, lookAtBucket[..1], [buckets]));
        if (bucket is null && isAllow && what != "writeonly") statements.Add(Statement(isAllow, ["s3:ListAllMyBuckets"], ["*"]));
        if (what != "readonly") statements.Add(Statement(isAllow, what == "readwrite" ? [.. writeObjects, .. changeObjects] : writeObjects, [objects]));
        return (name, Write([.. statements]));
    }

    private static Dictionary<string, object> Statement(bool isAllow, string[] actions, string[] resources, string? prefix = null)
    {
        var statement = new Dictionary<string, object> { ["Effect"] = isAllow ? "Allow" : "Deny", ["Action"] = actions, ["Resource"] = resources };
        if (prefix is not null) statement["Condition"] = new { StringLike = new Dictionary<string, string> { ["s3:prefix"] = Escape(prefix) + "*" } };
        return statement;
    }

    private static string Write(params object[] statements) => JsonSerializer.Serialize(new { Version = "2012-10-17", Statement = statements });

    /// <summary>Characters that mean something in a pattern, as themselves (IAM User Guide: "Policy variables", "Specifying special characters").</summary>
    private static string Escape(string text) => string.Concat(text.Select(c => c is '*' or '?' or '$' ? $"${{{c}}}" : c.ToString()));

    /// <summary>A name that IAM takes.</summary>
    private static string NameOf(string text)
    {
        var name = string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || "_+=,.@-".Contains(c, StringComparison.Ordinal) ? c : '-')).TrimEnd('-');
        return name.Length switch { 0 => "policy", > 128 => name[..128], _ => name };
    }

    private static string ReadFile(string file)
    {
        try
        {
            if (new FileInfo(file).Length > FileSizeMax) throw new ConfigurationException($"{file} is larger than 20 KiB, which is the most that a policy may be.");
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"--policy: \"{file}\" is none of readonly, readwrite, writeonly, admin, and no file that can be read ({e.Message}).");
        }
    }
}
