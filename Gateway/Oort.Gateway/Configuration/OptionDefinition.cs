using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Oort.Gateway.Access.Lists;
using Oort.Objects;
using Oort.Objects.Tiering;

namespace Oort.Gateway;

/// <summary>One option under all its names: <c>--name</c>, <c>OORT_NAME</c> and <c>"name"</c> in oort.json.</summary>
/// <param name="Name">Flag name without dashes, words parted by '-'.</param>
/// <param name="Argument">What its value is called in help; null for a switch.</param>
/// <param name="Help">One sentence with default and unit.</param>
/// <param name="IsList">May be given several times; in the environment parted by ','.</param>
/// <param name="IsSecret">Taken from environment and file only: a flag would show in the process list.</param>
/// <param name="Apply">Sets it; throws <see cref="FormatException"/> that says what is allowed.</param>
public sealed record OptionDefinition(
    string Name,
    string? Argument,
    string Help,
    bool IsList,
    bool IsSecret,
    Func<GatewayOptions, IReadOnlyList<string>, GatewayOptions> Apply)
{
    public string EnvironmentName => "OORT_" + Name.Replace('-', '_').ToUpperInvariant();

    /// <summary>Every option there is, in the order of the help.</summary>
    public static ImmutableArray<OptionDefinition> All { get; } =
    [
        One("data", "DIR", "Data directory (default ./oort-data).", (o, v) => o with { DataDirectory = NotEmpty(v) }),
        One("listen", "ADDR:PORT", "Where S3 is served (default 127.0.0.1:9000; port 0 takes a free one).", (o, v) => o with { Listen = EndPoint(v) }),
        One("tls-cert", "FILE", "PEM file of a certificate with its chain: S3 is served over TLS 1.2 or 1.3. Read anew when it changes.", (o, v) => o with { TlsCertificateFile = NotEmpty(v) }),
        One("tls-key", "FILE", "PEM file of its private key, without a password.", (o, v) => o with { TlsKeyFile = NotEmpty(v) }),
        Switch("hsts", "Tell browsers to come by TLS only, for a year.", (o, on) => o with { Hsts = on }),
        One("admin-listen", "ADDR:PORT", "Where administration and metrics are served, and then nowhere else (default: where S3 is).", (o, v) => o with { AdminListen = EndPoint(v) }),
        List("disk", "DIR", "A store's directory; repeat for each disk (default: six directories in the data directory).", (o, v) => o with { Disks = [.. v.Select(NotEmpty)] }),
        One("metadata", "URL", "PostgreSQL database of the metadata, postgres://USER@HOST:PORT/DATABASE, for several gateways (default: SQLite in the data directory). A password belongs into OORT_METADATA or a password file (PGPASSFILE).", (o, v) => o with { Metadata = new Secret(NotEmpty(v)) }),
        List("domain", "NAME", "Serve buckets as BUCKET.NAME too; repeatable.", (o, v) => o with { Domains = [.. v.Select(DomainName)] }),
        List("website-domain", "NAME", "Serve buckets that are websites as BUCKET.NAME; repeatable.", (o, v) => o with { WebsiteDomains = [.. v.Select(DomainName)] }),
        List("website-host", "NAME", "Serve the bucket NAME as a website at the host NAME, a domain of its own; repeatable.", (o, v) => o with { WebsiteHosts = [.. v.Select(DomainName)] }),
        One("public-url", "URL", "URL under which clients know this gateway behind a proxy.", (o, v) => o with { PublicUrl = Url(v) }),
        One("region", "NAME", "Region (default us-east-1).", (o, v) => o with { Region = NotEmpty(v) }),
        Switch("strict-region", "Refuse signatures for another region.", (o, on) => o with { StrictRegion = on }),
        One("signature-v2", "on|off", "Whether Signature Version 2 of old tools is accepted (default on). It covers neither the body nor all of the query.", (o, v) => o with { AcceptsSignatureV2 = OnOff(v) }),
        One("object-ownership", "NAME", "Ownership of objects in new buckets: BucketOwnerEnforced (default: ACLs are disabled), BucketOwnerPreferred, ObjectWriter, or None: no controls, as in AWS before April 2023.", (o, v) => o with { ObjectOwnership = Named<ObjectOwnership>(v) }),
        One("report-default-encryption", "true|false", "Whether buckets that say nothing of encryption report AES256 (default true, as in AWS since 2023).", (o, v) => o with { ReportsDefaultEncryption = Truth(v) }),
        One("sse-c-over-http", "true|false", "Whether customers' encryption keys (SSE-C) are taken over plain HTTP, where others may read them (default false).", (o, v) => o with { TakesCustomerKeysOverHttp = Truth(v) }),
        List("kms-key", "NAME", "Key with a name (SSE-KMS) that is to be there; made if it is not; repeatable.", (o, v) => o with { KmsKeys = [.. v.Select(KeyName)] }),
        One("kms-default-key", "NAME", "Key of requests for aws:kms that name none; made if it is not there (default: none, and they are refused).", (o, v) => o with { KmsDefaultKey = KeyName(v) }),
        One("block-public-access", "true|false", "Whether new buckets block public policies and ACLs (default true).", (o, v) => o with { BlocksPublicAccess = Truth(v) }),
        Hidden("access-key", "Access key of the root user (3 to 128 characters).", (o, v) => o with { AccessKey = Sized(v, 3, 128) }),
        Hidden("secret-key", "Secret of the root user (8 to 128 characters).", (o, v) => o with { SecretKey = new Secret(Sized(v, 8, 128)) }),
        One("recovery-phrase-file", "FILE", "File with the 24-word recovery phrase; then the root key is not kept in the data directory.", (o, v) => o with { RecoveryPhraseFile = NotEmpty(v) }),
        One("buffer-mib", "N", "Memory for all requests' and connections' buffers, in MiB (default 96; 32 to 65536).", (o, v) => o with { BufferMebibytes = Whole(v, 32, 65536) }),
        One("connections-max", "N", "Connections served at once (default 4096; 1 to 1000000).", (o, v) => o with { ConnectionsMax = Whole(v, 1, 1_000_000) }),
        One("stall-timeout", "SECONDS", "How long a client may stand still in a body (default 60; 1 to 3600).", (o, v) => o with { StallTimeout = TimeSpan.FromSeconds(Whole(v, 1, 3600)) }),
        One("shutdown-timeout", "SECONDS", "How long a shutdown waits for requests (default 30; 0 to 3600).", (o, v) => o with { ShutdownTimeout = TimeSpan.FromSeconds(Whole(v, 0, 3600)) }),
        One("upload-expiry-days", "DAYS", "Age at which unfinished multipart uploads are aborted (default 7; 1 to 3650).", (o, v) => o with { UploadExpiry = TimeSpan.FromDays(Whole(v, 1, 3650)) }),
        One("drill-every", "TIME", "How often a sample is recovered from the stores and compared: hours or days such as 12h or 7d (default: never by itself).", (o, v) => o with { DrillEvery = Every(v) }),
        One("day-length", "TIME", "How long a day of lifecycle rules and restores is, such as 10s, 5m or 24h (default 24h; shorter for trials and tests only).", (o, v) => o with { DayLength = DayLength(v) }),
        One("cache-dir", "DIR", "Folder on a near disk (SSD) for sealed pieces of what is read from storage nodes again and again (default: none).", (o, v) => o with { CacheDirectory = NotEmpty(v) }),
        One("cache-size", "SIZE", "What that folder takes at most, such as 20GiB (default 10GiB; 64MiB to 1TiB).", (o, v) => o with { CacheBytes = Size(v, CellCacheOptions.SizeLeast, CellCacheOptions.SizeLimit) }),
        Switch("cache-own-disks", "Keep pieces of this machine's own disks there too: where they are much slower.", (o, on) => o with { CachesOwnDisks = on }),
        Switch("allow-local-sources", "Let imports read from endpoints on this machine and its link (loopback, link-local).", (o, on) => o with { AllowsLocalSources = on }),
        Switch("allow-local-webhooks", "Let webhooks of notifications lie on this machine and in its networks (loopback, private, link-local).", (o, on) => o with { AllowsLocalWebhooks = on }),
        One("users", "FILE", "Accounts, users and keys to make if they are not there, as JSON (docs/access.md, \"Unattended installs\").", (o, v) => o with { UsersFile = v }),
        One("rate-limit-key", "N", "Requests a second that one access key, or one address without a key, may make at this gateway; others get 503 SlowDown (default 0: no limit).", (o, v) => o with { KeyRateMax = Whole(v, 0, 1_000_000) }),
        One("rate-limit-bucket", "N", "Requests a second to one bucket at this gateway (default 0: no limit).", (o, v) => o with { BucketRateMax = Whole(v, 0, 1_000_000) }),
        List("identity-host", "HOST[:PORT]", "Host of an identity provider (OpenID Connect) that may have an address of this machine or its networks; repeatable.", (o, v) => o with { IdentityHosts = [.. v.Select(NotEmpty)] }),
        Switch("allow-http-identities", "Ask identity providers without TLS too.", (o, on) => o with { AllowsHttpIdentities = on }),
        List("wallet-chain", "ID", "Chain that wallets may sign in for (default 1); repeatable.", (o, v) => o with { WalletChains = [.. v.Select(text => (ulong)Whole(text, 1, int.MaxValue))] }),
        One("audit-log", "FILE|-", "File, or - for standard output, that gets a line of JSON for each request: who, what, from where, with which result.", (o, v) => o with { AuditLog = NotEmpty(v) }),
        One("audit-log-size", "SIZE", "Size at which the next file of the audit log is begun (default 100MiB; 1MiB to 1TiB).", (o, v) => o with { AuditLogBytes = Size(v, 1L << 20, 1L << 40) }),
        One("audit-log-files", "N", "Files of the audit log that are kept (default 10; 1 to 1000).", (o, v) => o with { AuditLogFiles = Whole(v, 1, 1000) }),
        One("log-format", "text|json", "Form of the log (default text).", (o, v) => o with { LogFormat = Named<LogFormat>(v) }),
        One("log-level", "LEVEL", "Least level logged: Trace, Debug, Information, Warning, Error (default Information).", (o, v) => o with { LogLevel = Named<LogLevel>(v) }),
    ];

    private static OptionDefinition One(string name, string argument, string help, Func<GatewayOptions, string, GatewayOptions> apply) =>
        new(name, argument, help, false, false, (options, values) => apply(options, values[^1]));

    private static OptionDefinition Hidden(string name, string help, Func<GatewayOptions, string, GatewayOptions> apply) =>
        new(name, "VALUE", help, false, true, (options, values) => apply(options, values[^1]));

    private static OptionDefinition List(string name, string argument, string help, Func<GatewayOptions, IReadOnlyList<string>, GatewayOptions> apply) =>
        new(name, argument, help, true, false, apply);

    private static OptionDefinition Switch(string name, string help, Func<GatewayOptions, bool, GatewayOptions> apply) =>
        new(name, null, help, false, false, (options, values) => apply(options, Truth(values[^1])));

    private static bool Truth(string value) => value switch
    {
        "true" or "1" or "" => true,
        "false" or "0" => false,
        _ => throw new FormatException("it takes true or false"),
    };

    private static bool OnOff(string value) => value switch
    {
        "on" or "true" => true,
        "off" or "false" => false,
        _ => throw new FormatException("it takes on or off"),
    };

    private static string KeyName(string value) => Crypto.InnerKey.IsName(value) ? value : throw new FormatException($"a key's name has 1 to {Crypto.InnerKey.NameLengthMax} letters, digits and / _ : . -");

    private static string NotEmpty(string value) => value.Length > 0 ? value : throw new FormatException("it is empty");

    private static string Sized(string value, int min, int max) =>
        value.Length >= min && value.Length <= max ? value : throw new FormatException($"it takes {min} to {max} characters");

    private static int Whole(string value, int min, int max) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new FormatException($"it takes a whole number from {min} to {max}");

    private static long Size(string value, long min, long max) =>
        ByteSize.TryParse(value) is { } size && size >= min && size <= max
            ? size
            : throw new FormatException($"it takes a size from {min >> 20}MiB to {max >> 40}TiB");

    private static TimeSpan Every(string value)
    {
        if (value == "never") return TimeSpan.Zero;
        var hours = value.EndsWith('d') ? 24 : value.EndsWith('h') ? 1 : 0;
        return hours > 0 && int.TryParse(value.AsSpan(0, value.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 8_784 && number * hours <= 8_784
            ? TimeSpan.FromHours(number * hours)
            : throw new FormatException("it takes a time from 1h to 366d, or never");
    }

    private static TimeSpan DayLength(string value)
    {
        var seconds = value.EndsWith('h') ? 3600 : value.EndsWith('m') ? 60 : value.EndsWith('s') ? 1 : 0;
        var length = seconds > 0 && int.TryParse(value.AsSpan(0, value.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 86_400
            ? TimeSpan.FromSeconds((double)number * seconds)
            : TimeSpan.Zero;
        return length >= TieringOptions.DayLengthMin && length <= TieringOptions.DayLengthMax ? length : throw new FormatException("it takes a time from 1s to 24h");
    }

    private static T Named<T>(string value) where T : struct, Enum =>
        Enum.TryParse<T>(value, ignoreCase: true, out var result) && Enum.IsDefined(result)
            ? result
            : throw new FormatException($"it takes one of {string.Join(", ", Enum.GetNames<T>())}");

    private static Uri Url(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url!
            : throw new FormatException("it takes a URL such as https://s3.example.org");

    private static string DomainName(string value) =>
        Uri.CheckHostName(value) == UriHostNameType.Dns ? value.ToLowerInvariant() : throw new FormatException("it takes a host name such as s3.example.org");

    private static IPEndPoint EndPoint(string value)
    {
        var colon = value.LastIndexOf(':');
        var host = colon < 0 ? "" : value[..colon].Trim('[', ']');
        if (host == "localhost") host = "127.0.0.1";
        if (colon < 0 || !IPAddress.TryParse(host, out var address)
            || !int.TryParse(value.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
            throw new FormatException("it takes ADDRESS:PORT such as 127.0.0.1:9000 or 0.0.0.0:9000");
        return new IPEndPoint(address, port);
    }
}
