namespace Oort.S3.Client;

/// <summary>What a failed request means to its caller, so that nobody has to know codes.</summary>
public enum S3ErrorKind
{
    /// <summary>The service or the way to it failed; the same request may succeed later. It has been tried as often as the options say.</summary>
    Transient = 0,

    /// <summary>The service asks for fewer requests. It has been tried as often as the options say.</summary>
    Throttled,

    /// <summary>No such bucket, key, version or upload.</summary>
    NotFound,

    /// <summary>Wrong keys, or keys that may not do this.</summary>
    Denied,

    /// <summary>A condition of the request does not hold (412), or nothing was modified (304).</summary>
    PreconditionFailed,

    /// <summary>It contradicts what is there: the bucket exists or is not empty, a concurrent change, an archived object.</summary>
    Conflict,

    /// <summary>The service does not know the operation, header or body form.</summary>
    NotSupported,

    /// <summary>The request is wrong in itself; it will fail again.</summary>
    Invalid,

    /// <summary>The answer is not S3's: not XML, too large, or it contradicts itself.</summary>
    BadAnswer,

    /// <summary>Bytes that came do not have the checksum that the service said.</summary>
    Corrupt,

    /// <summary>The endpoint's address may not be connected to (<see cref="S3ClientOptions.AllowsLocalAddresses"/>).</summary>
    Refused,
}
