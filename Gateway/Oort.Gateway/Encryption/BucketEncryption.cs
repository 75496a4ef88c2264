using System.Collections.Immutable;
using System.Text;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Gateway.Encryption;

/// <summary>How a bucket encrypts what is written without saying how, as its setting has it (docs/formats/bucket-encryption.md).</summary>
/// <param name="IsNamed">Under a key with a name (aws:kms); otherwise under the cluster's own keys alone (AES256).</param>
/// <param name="KeyName">Empty: the gateway's default key.</param>
/// <param name="UsesBucketKey">Told back to clients; nothing depends on it.</param>
/// <param name="BlocksCustomerKeys">Writes may not bring customers' keys.</param>
internal sealed record BucketEncryption(bool IsNamed, string KeyName, bool UsesBucketKey, bool BlocksCustomerKeys)
{
    public const string SettingName = "encryption";
    public const byte Version = 1;
    public const int AlgorithmOffset = 1;
    public const int FlagsOffset = 2;
    public const int KeyOffset = 3;

    /// <summary>As long as the identifiers of key services may be.</summary>
    public const int KeyLengthMax = 2048;

    private const byte Aes256 = 1;
    private const byte Named = 2;
    private const byte BucketKeyFlag = 1;
    private const byte BlocksCustomerFlag = 2;

    /// <summary>Null: the bucket has no setting of its own, which means AES256.</summary>
    /// <exception cref="MetadataFormatException">The setting is none: nothing is written by it.</exception>
    public static BucketEncryption? Of(BucketRow bucket) => bucket.Settings.TryGetValue(SettingName, out var setting) ? Decode(setting.AsSpan()) : null;

    public ImmutableArray<byte> Encode() =>
        [Version, IsNamed ? Named : Aes256, (byte)((UsesBucketKey ? BucketKeyFlag : 0) | (BlocksCustomerKeys ? BlocksCustomerFlag : 0)), .. Encoding.ASCII.GetBytes(KeyName)];

    /// <exception cref="MetadataFormatException">The bytes are none.</exception>
    public static BucketEncryption Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.Length < KeyOffset || setting[0] != Version || setting[AlgorithmOffset] is not (Aes256 or Named) || setting[FlagsOffset] > (BucketKeyFlag | BlocksCustomerFlag)) throw Wrong();
        var name = Encoding.ASCII.GetString(setting[KeyOffset..]);
        var isNamed = setting[AlgorithmOffset] == Named;
        if (!isNamed && name.Length > 0 || name.Length > 0 && !IsKeyId(name)) throw Wrong();
        return new(isNamed, name, (setting[FlagsOffset] & BucketKeyFlag) != 0, (setting[FlagsOffset] & BlocksCustomerFlag) != 0);
    }

    /// <summary>Whether this may be asked for as a key: a name, or an address (ARN) of one.</summary>
    public static bool IsKeyId(string text) => text.Length is > 0 and <= KeyLengthMax && text.All(static c => c is > ' ' and < '\x7f');

    private static MetadataFormatException Wrong() => new("The setting \"encryption\" of a bucket is none.");
}
