using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Identity.Accounts;
using Oort.Identity.Model;

namespace Oort.Identity.Store;

/// <summary>Accounts and what belongs to them as settings of the cluster: one each (docs/formats/identities.md).</summary>
internal static class IdentityRecords
{
    /// <summary>What all names begin with.</summary>
    public const string Prefix = "iam/";

    /// <summary>First byte of every record.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    /// <summary>Larger ones are none: a user with all inline policies and tags that he may have takes some 50 KiB.</summary>
    public const int LengthMax = 256 * 1024;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
    {
        // Policies are texts in it: their quotation marks take two bytes and not six.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    public static string NameOf(object record) => record switch
    {
        Account account => $"{Prefix}account/{account.Number}",
        User user => Name("user", user),
        Group group => Name("group", group),
        Role role => Name("role", role),
        ManagedPolicy policy => Name("policy", policy),
        OidcProvider provider => Name("oidc", provider),
        _ => throw new ArgumentException($"{record.GetType().Name} is not kept.", nameof(record)),
    };

    public static byte[] Encode(object record) => [Version, .. JsonSerializer.SerializeToUtf8Bytes(record, record.GetType(), json)];

    /// <exception cref="InvalidDataException">Damaged, of a newer program, or kept under another's name.</exception>
    public static object Decode(string name, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is <= DocumentOffset or > LengthMax || bytes[0] != Version) throw new InvalidDataException($"The record {name} was written by a newer version of this program, or is damaged.");
        try
        {
            var record = JsonSerializer.Deserialize(bytes[DocumentOffset..], TypeOf(name), json) ?? throw new JsonException("It is null.");
            return NameOf(Checked(record)) == name ? record : throw new JsonException("It is that of another name.");
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException or ArgumentException)
        {
            throw new InvalidDataException($"The record {name} cannot be read: {failure.Message}", failure);
        }
    }

    private static string Name(string kind, Entity entity) => $"{Prefix}{kind}/{entity.Account}/{Names.Fold(entity.Name)}";

    private static Type TypeOf(string name) => name.Split('/', 3) switch
    {
        ["iam", "account", _] => typeof(Account),
        ["iam", "user", _] => typeof(User),
        ["iam", "group", _] => typeof(Group),
        ["iam", "role", _] => typeof(Role),
        ["iam", "policy", _] => typeof(ManagedPolicy),
        ["iam", "oidc", _] => typeof(OidcProvider),
        _ => throw new JsonException("There is no record of this kind."),
    };

    private static object Checked(object record) => record switch
    {
        Entity entity when !Model.Names.IsPath(entity.Path) || entity.Name.Length == 0 => throw new JsonException("The path or the name is none."),
        ManagedPolicy policy when policy.Versions.IsDefaultOrEmpty || policy.Versions.All(version => version.Id != policy.DefaultVersion) => throw new JsonException("The version that holds is missing."),
        _ => record,
    };
}
