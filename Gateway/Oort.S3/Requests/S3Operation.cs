namespace Oort.S3;

/// <summary>Every operation of the S3 API, by its name there; the router names one for each well-formed request.</summary>
public enum S3Operation
{
    None = 0,
    ListBuckets,
}
