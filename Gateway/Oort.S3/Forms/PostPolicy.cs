using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Oort.S3;

/// <summary>What somebody with a key lets others post (S3 API: "POST Policy"): until when, and what their forms must say.</summary>
internal sealed class PostPolicy
{
    private static readonly string[] moments = ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];

    private readonly List<Condition> conditions = [];
    private DateTimeOffset expiration;
    private long sizeMin;
    private long sizeMax = long.MaxValue;

    private enum Match
    {
        Equal,
        Beginning,
    }

    /// <param name="text">The field, in base64.</param>
    /// <exception cref="S3Exception">InvalidPolicyDocument.</exception>
    public static PostPolicy Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(WithoutDollarEscapes(Encoding.UTF8.GetString(Convert.FromBase64String(text))), new JsonDocumentOptions { AllowDuplicateProperties = false });
            var policy = new PostPolicy();
            policy.Read(document.RootElement);
            return policy;
        }
        catch (Exception failure) when (failure is FormatException or JsonException)
        {
            throw Invalid("Invalid JSON.");
        }
    }

    /// <summary>Holds a form to it.</summary>
    /// <exception cref="S3Exception">AccessDenied: it is over, a condition does not hold, or a field is in none; EntityTooLarge.</exception>
    public void Check(PostForm form, string bucket, DateTimeOffset now)
    {
        if (now > expiration) throw Denied("Policy expired.");
        foreach (var condition in conditions)
            if (!condition.Holds(ValueOf(form, bucket, condition.Field))) throw Denied($"Policy Condition failed: {condition}");
        var named = conditions.Select(condition => condition.Field).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var extra = form.Fields.Keys.Append("bucket").Where(field => PostForm.MustBeNamed(field) && !named.Contains(field)).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        if (extra.Count > 0) throw Denied($"Extra input fields: {string.Join(", ", extra)}");
        form.File.Limit(sizeMin, sizeMax);
    }

    /// <summary>The bucket is the one that is posted to, whatever a field says.</summary>
    private static string ValueOf(PostForm form, string bucket, string field) => field.Equals("bucket", StringComparison.OrdinalIgnoreCase) ? bucket : form.Get(field) ?? "";

    private void Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) throw Invalid("Invalid JSON.");
        JsonElement? moment = null, list = null;
        foreach (var property in root.EnumerateObject())
        {
            switch (property.Name)
            {
                case "expiration": moment = property.Value; break;
                case "conditions": list = property.Value; break;
                default: throw Invalid($"Unexpected: '{property.Name}'.");
            }
        }

        if (moment is null) throw Invalid("Policy missing expiration.");
        if (list is null) throw Invalid("Policy missing conditions.");
        var isMoment = moment.Value.ValueKind == JsonValueKind.String && DateTimeOffset.TryParseExact(moment.Value.GetString(), moments, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out expiration);
        if (!isMoment) throw Invalid($"Invalid 'expiration' value: '{moment}'");
        if (list.Value.ValueKind != JsonValueKind.Array) throw Invalid("Invalid 'conditions' value: must be a List.");
        foreach (var condition in list.Value.EnumerateArray()) ReadCondition(condition);
    }

    private void ReadCondition(JsonElement condition)
    {
        switch (condition.ValueKind)
        {
            case JsonValueKind.Object:
                if (condition.GetPropertyCount() != 1) throw Invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
                var property = condition.EnumerateObject().First();
                conditions.Add(new(Match.Equal, property.Name, TextOf(property.Value)));
                break;
            case JsonValueKind.Array:
                ReadList([.. condition.EnumerateArray()]);
                break;
            default:
                throw Invalid("Invalid condition: it is an object or a list.");
        }
    }

    private void ReadList(JsonElement[] parts)
    {
        if (parts.Length == 0) throw Invalid("Invalid condition: it is empty.");
        var operation = TextOf(parts[0]).ToLowerInvariant();
        if (operation is not ("eq" or "starts-with" or "content-length-range")) throw Invalid($"Unknown Operation: '{TextOf(parts[0])}'");
        if (parts.Length != 3) throw Invalid($"Invalid condition: {operation} takes two arguments.");
        if (operation == "content-length-range")
        {
            (sizeMin, sizeMax) = (Math.Max(sizeMin, SizeOf(parts[1])), Math.Min(sizeMax, SizeOf(parts[2])));
            return;
        }

        var field = TextOf(parts[1]);
        if (field.Length < 2 || field[0] != '$') throw Invalid($"Invalid condition: '{field}' is no field, which begins with '$'.");
        conditions.Add(new(operation == "eq" ? Match.Equal : Match.Beginning, field[1..], TextOf(parts[2])));
    }

    private static string TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Invalid("Invalid condition: a text was expected.");

    private static long SizeOf(JsonElement value)
    {
        var text = value.ValueKind is JsonValueKind.Number or JsonValueKind.String ? value.ToString() : "";
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : throw Invalid("Invalid content-length-range: its bounds are whole numbers of bytes.");
    }

    /// <summary>S3 lets policies write a dollar sign as <c>\$</c>, which JSON does not.</summary>
    private static string WithoutDollarEscapes(string json)
    {
        var result = new StringBuilder(json.Length);
        for (var at = 0; at < json.Length; at++)
        {
            if (json[at] == '\\' && at + 1 < json.Length)
            {
                if (json[at + 1] != '$') result.Append('\\');
                at++;
            }

            result.Append(json[at]);
        }

        return result.ToString();
    }

    private static S3Exception Invalid(string detail) => new(S3Errors.InvalidPolicyDocument, $"Invalid Policy: {detail}");

    private static S3Exception Denied(string detail) => new(S3Errors.AccessDenied, $"Invalid according to Policy: {detail}");

    private readonly record struct Condition(Match Match, string Field, string Value)
    {
        public bool Holds(string value)
        {
            if (Match == Match.Equal) return value == Value;
            // Several types in one field: each must fit.
            var texts = Field.Equals("Content-Type", StringComparison.OrdinalIgnoreCase) ? value.Split(',', StringSplitOptions.TrimEntries) : [value];
            foreach (var text in texts)
                if (!text.StartsWith(Value, StringComparison.Ordinal)) return false;
            return true;
        }

        public override string ToString() => $"[\"{(Match == Match.Equal ? "eq" : "starts-with")}\", \"${Field}\", \"{Value}\"]";
    }
}
