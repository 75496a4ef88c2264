using System.Security.Cryptography;
using System.Text.Json;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway;

/// <summary>The root user's key pair: preset by options, or made at the first start and kept in the data directory in a file only its owner can read.</summary>
public sealed class RootCredentials
{
    /// <summary>Canonical id of the account that owns everything until accounts are made.</summary>
    public const string OwnerId = "6f6f727400000000000000000000000000000000000000000000000000000001";

    private const string FileName = "root-credentials.json";
    private const string KeyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const string SecretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private readonly S3Credential _credential;

    private RootCredentials(string accessKey, string secretKey, bool isNew)
    {
        _credential = new S3Credential(new S3Principal(accessKey, OwnerId, "root"), secretKey);
        IsNew = isNew;
    }

    public string AccessKey => _credential.Principal.AccessKeyId;

    public string SecretKey => _credential.SecretKey;

    /// <summary>Made just now: to be shown once.</summary>
    public bool IsNew { get; }

    /// <summary>Those of the options, else those of the directory, else new ones, written there.</summary>
    public static RootCredentials LoadOrCreate(GatewayOptions options, string dataDirectory)
    {
        if (options.AccessKey is not null) return new RootCredentials(options.AccessKey, options.SecretKey!.Reveal(), isNew: false);
        return Load(dataDirectory) ?? Reset(dataDirectory);
    }

    /// <summary>The directory's, or null when it has none.</summary>
    /// <exception cref="ConfigurationException">The file is there but cannot be used.</exception>
    public static RootCredentials? Load(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            var file = JsonSerializer.Deserialize<CredentialFile>(File.ReadAllBytes(path));
            if (file is { AccessKey.Length: > 0, SecretKey.Length: > 0 }) return new RootCredentials(file.AccessKey, file.SecretKey, isNew: false);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path} cannot be read ({e.Message}); `oort key reset` makes new credentials.");
        }

        throw new ConfigurationException($"{path} holds no credentials; `oort key reset` makes new ones.");
    }

    /// <summary>Makes a new pair and replaces the directory's, durably.</summary>
    public static RootCredentials Reset(string dataDirectory)
    {
        var made = new RootCredentials("OORT" + RandomNumberGenerator.GetString(KeyAlphabet, 16), RandomNumberGenerator.GetString(SecretAlphabet, 40), isNew: true);
        var content = JsonSerializer.SerializeToUtf8Bytes(new CredentialFile(made.AccessKey, made.SecretKey));
        DurableFile.Write(Path.Combine(dataDirectory, FileName), content);
        return made;
    }

    private sealed record CredentialFile(string AccessKey, string SecretKey);
}
