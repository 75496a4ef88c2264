using System.Collections.Immutable;
using System.Net;
using Oort.Gateway.Access.Lists;

namespace Oort.Gateway;

/// <summary>How a gateway runs. Made by <see cref="OptionReader"/> from defaults, oort.json, the environment and flags, in rising order.</summary>
public sealed record GatewayOptions
{
    /// <summary>Directory of the database, the root key file and, by default, the disks. Default: ./oort-data.</summary>
    public string DataDirectory { get; init; } = "oort-data";

    /// <summary>Address of a PostgreSQL database for the metadata of one or several gateways. Null: a SQLite file in <see cref="DataDirectory"/>.</summary>
    public Secret? Metadata { get; init; }

    /// <summary>Where S3 is served. Default: 127.0.0.1:9000, reachable from this machine only.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 9000);

    /// <summary>PEM file of the certificate with its chain; S3 is then served over TLS. Given together with <see cref="TlsKeyFile"/>. Null: plain HTTP.</summary>
    public string? TlsCertificateFile { get; init; }

    /// <summary>PEM file of the certificate's private key, without a password.</summary>
    public string? TlsKeyFile { get; init; }

    /// <summary>Whether answers over TLS tell browsers to come by TLS only, for a year. Default: no, since that cannot be taken back.</summary>
    public bool Hsts { get; init; }

    /// <summary>Where administration and metrics are served, and then nowhere else. Null: where S3 is.</summary>
    public IPEndPoint? AdminListen { get; init; }

    /// <summary>Directories of the stores, in the order given. Empty: six directories under <see cref="DataDirectory"/>.</summary>
    public ImmutableArray<string> Disks { get; init; } = [];

    /// <summary>Host names under which buckets are addressed virtual-host style (bucket.DOMAIN). Empty: path style only.</summary>
    public ImmutableArray<string> Domains { get; init; } = [];

    /// <summary>Host names under which buckets are served as websites (bucket.DOMAIN). Empty: none.</summary>
    public ImmutableArray<string> WebsiteDomains { get; init; } = [];

    /// <summary>Host names that are each the website of the bucket of that name. Empty: none.</summary>
    public ImmutableArray<string> WebsiteHosts { get; init; } = [];

    /// <summary>URL under which clients know this gateway when a proxy changes the host; its host is accepted in signatures too. Null: none.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Region named in answers and expected of CreateBucket. Default: us-east-1.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Refuses signatures for another region. Default: any region is accepted.</summary>
    public bool StrictRegion { get; init; }

    /// <summary>Whether requests signed by Signature Version 2 are accepted. Default: yes, since old tools have no other.</summary>
    public bool AcceptsSignatureV2 { get; init; } = true;

    /// <summary>Ownership of the objects in buckets that are made without x-amz-object-ownership, and whether lists (ACLs) count there. Default: BucketOwnerEnforced, as in AWS since 2023.</summary>
    public ObjectOwnership ObjectOwnership { get; init; }

    /// <summary>Whether new buckets are kept from becoming public until somebody changes their public access block. Default: yes.</summary>
    public bool BlocksPublicAccess { get; init; } = true;

    /// <summary>Whether buckets without an encryption setting of their own report AES256, which is so. Default: yes, as in AWS since 2023.</summary>
    public bool ReportsDefaultEncryption { get; init; } = true;

    /// <summary>Whether customers' encryption keys (SSE-C) are taken over plain HTTP. Default: no: what is sent so is known to others.</summary>
    public bool TakesCustomerKeysOverHttp { get; init; }

    /// <summary>Keys with names (SSE-KMS) that are to be there; made at the start where they are not. Default: none.</summary>
    public ImmutableArray<string> KmsKeys { get; init; } = [];

    /// <summary>The one that is used where nobody names one; it is to be there too. Null: none.</summary>
    public string? KmsDefaultKey { get; init; }

    /// <summary>Access key of the root user, 3 to 128 characters. Null: made at the first start and kept in the data directory.</summary>
    public string? AccessKey { get; init; }

    /// <summary>Secret of the root user, 8 to 128 characters; given together with <see cref="AccessKey"/>.</summary>
    public Secret? SecretKey { get; init; }

    /// <summary>File with the 24-word recovery phrase. Null: the root key file in the data directory; made at the first start.</summary>
    public string? RecoveryPhraseFile { get; init; }

    /// <summary>Memory that all requests' buffers may take together, in MiB. Default 128; 32 to 65536.</summary>
    public int BufferMebibytes { get; init; } = 96;

    /// <summary>Connections served at once; further ones are closed. Default 4,096; 1 to 1,000,000.</summary>
    public int ConnectionsMax { get; init; } = 4096;

    /// <summary>How long a request body or a client that reads may stand still. Default 60 s; 1 to 3,600.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a shutdown waits for requests in flight. Default 30 s; 0 to 3,600.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After how long an unfinished multipart upload is aborted. Default 7 days; 1 to 3,650.</summary>
    public TimeSpan UploadExpiry { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often a sample of the namespace is recovered from the stores, for a look whether that would give back everything. Default zero: only with <c>oort drill</c>; else an hour to a year.</summary>
    public TimeSpan DrillEvery { get; init; }

    /// <summary>How long a day of lifecycle rules and restores is: shorter for trials and tests, and the same at all gateways of a cluster. Default 24 hours; 1 second to 24 hours.</summary>
    public TimeSpan DayLength { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Folder on a near disk in which sealed cells of storage nodes are kept that are asked for again and again. Null: none.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Bytes of that disk to use at most. Default 10 GiB; 64 MiB to 1 TiB.</summary>
    public long CacheBytes { get; init; } = 10L << 30;

    /// <summary>Whether cells of this machine's own disks are kept there too. Default: no, since they gain nothing where they are as fast.</summary>
    public bool CachesOwnDisks { get; init; }

    /// <summary>Whether imports may read from endpoints on this machine and its link. Default: no, since an endpoint there answers with this machine's rights.</summary>
    public bool AllowsLocalSources { get; init; }

    /// <summary>Whether webhooks of notifications may lie on this machine and in its networks. Default: no, since what listens there may take the gateway for somebody it trusts.</summary>
    public bool AllowsLocalWebhooks { get; init; }

    /// <summary>File with accounts, users and keys that are to be there (docs/access.md). Null: none.</summary>
    public string? UsersFile { get; init; }

    /// <summary>Requests a second that one access key, or one address without a key, may make at this gateway. Default 0: no limit; at most 1,000,000.</summary>
    public int KeyRateMax { get; init; }

    /// <summary>Requests a second to one bucket at this gateway. Default 0: no limit; at most 1,000,000.</summary>
    public int BucketRateMax { get; init; }

    /// <summary>Hosts of identity providers (OpenID Connect) that may have any address, also of this machine and its networks. Default: none; providers are at public addresses.</summary>
    public ImmutableArray<string> IdentityHosts { get; init; } = [];

    /// <summary>Whether identity providers may be asked without TLS: keys that come so can be anybody's on the way. Default: no.</summary>
    public bool AllowsHttpIdentities { get; init; }

    /// <summary>Chains that messages of wallets who sign in may name. Default: 1, which wallets say who use no chain.</summary>
    public ImmutableArray<ulong> WalletChains { get; init; } = [1];

    /// <summary>File that gets a line for each request, or "-": standard output. Null: none.</summary>
    public string? AuditLog { get; init; }

    /// <summary>Bytes of a file of the audit log, before the next is begun. Default 100 MiB; 1 MiB to 1 TiB.</summary>
    public long AuditLogBytes { get; init; } = 100L << 20;

    /// <summary>Files of the audit log that are kept, the one that is written included. Default 10; 1 to 1,000.</summary>
    public int AuditLogFiles { get; init; } = 10;

    /// <summary>"text": one line an event; "json": one object an event. Default text.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Text;

    /// <summary>Least level that is logged. Default Information.</summary>
    public Microsoft.Extensions.Logging.LogLevel LogLevel { get; init; } = Microsoft.Extensions.Logging.LogLevel.Information;
}

public enum LogFormat
{
    Text,
    Json,
}
