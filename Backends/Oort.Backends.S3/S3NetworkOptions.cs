using System.ComponentModel.DataAnnotations;
using Oort.S3.Client;

namespace Oort.Backends.S3;

/// <summary>How much of an item is read back before it counts as a copy.</summary>
public enum S3ReadBack
{
    /// <summary>All of it, compared by SHA-256.</summary>
    Full = 0,

    /// <summary>Some of its blocks, chosen at random and compared by theirs: where reading is dear.</summary>
    Sample,
}

/// <summary>Which bucket items go to, and how.</summary>
public sealed record S3NetworkOptions
{
    /// <summary>S3 API: the least size of a part that is not the last, and the most of one.</summary>
    private const long PartSizeMax = 5L << 30;

    /// <summary>Bytes of a prefix: with the item's id, the version's and the rest the locator keeps within its limit.</summary>
    private const int PrefixLengthMax = 128;

    private const int StorageClassLengthMax = 64;

    /// <summary>Shards are never as long.</summary>
    internal const long BundleBelowMax = 1L << 30;

    /// <summary>S3 API: PutObject, the longest body.</summary>
    private const long PutSizeMax = 5L << 30;

    /// <summary>S3 API: the longest object.</summary>
    private const long ObjectSizeMax = 5L << 40;

    /// <summary>The service, and the patience with it.</summary>
    [Required]
    public required S3ClientOptions Client { get; init; }

    /// <summary>Prints as the id alone. They may put, get, head and delete objects, list the bucket and its uploads, and abort them; and restore objects where the class is an archive.</summary>
    [Required]
    public required AccessKeys Keys { get; init; }

    /// <summary>It exists already.</summary>
    [Required]
    public required string Bucket { get; init; }

    /// <summary>Stands before the items' ids, with a slash between; 1 to 128 letters, digits and <c>. _ - /</c>, no slash at either end. Nothing else may lie under it. Default "oort".</summary>
    public string Prefix { get; init; } = "oort";

    /// <summary>As the cloud calls it ("STANDARD_IA", "GLACIER"); null: the bucket's.</summary>
    public string? StorageClass { get; init; }

    /// <summary>Items above so many bytes go in parts. Default 64 MiB; at most 5 GiB.</summary>
    [Range(1, PutSizeMax)]
    public long PartsAbove { get; init; } = 64 << 20;

    /// <summary>Bytes of a part, of which an item has at most 10,000. Default 16 MiB; most clouds want at least 5 MiB.</summary>
    [Range(1, PartSizeMax)]
    public long PartSize { get; init; } = 16 << 20;

    /// <summary>Parts that are sent in one step, so that what is done is known after a restart. Default 16.</summary>
    [Range(1, S3Client.PartCountMax)]
    public int PartsPerStep { get; init; } = 16;

    public S3ReadBack ReadBack { get; init; }

    /// <summary>Blocks of a sampled read-back. Default 4 of at most 64.</summary>
    [Range(1, ItemNotes.BlockCountMax)]
    public int SampledBlockCount { get; init; } = 4;

    /// <summary>Days between two looks at an item that is there. Default 7: each look is a request that the cloud charges, which for small items comes to more than their storage.</summary>
    [Range(1, 365)]
    public int LookDays { get; init; } = 7;

    /// <summary>For how many days what was asked back from an archive stays readable. Default 3.</summary>
    [Range(1, 365)]
    public int RestoreDays { get; init; } = 3;

    /// <summary>How fast, and how dearly, it is brought back: Expedited, Standard or Bulk. Default Bulk: the cheapest, and up to 48 hours.</summary>
    public string RestoreTier { get; init; } = "Bulk";

    /// <summary>How often an item that is being brought back is asked for. Default 30 minutes.</summary>
    public TimeSpan RestoreInterval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>What the cloud charges; null: as <see cref="S3Prices"/> has it for the storage class.</summary>
    public NetworkPrices? Prices { get; init; }

    /// <summary>Items below so many bytes are bundled, 0: none; null: as the class's prices make it worth while, and none where it has no least time of storing. At most 1 GiB.</summary>
    [Range(0, BundleBelowMax)]
    public long? BundleBelow { get; init; }

    /// <summary>Whether anyone can read the bucket.</summary>
    public bool IsPublic { get; init; }

    internal long ItemLengthMax => Math.Min(Math.Max(PartsAbove, PartSize * S3Client.PartCountMax), ObjectSizeMax);

    internal NetworkPrices PricesOfClass => Prices ?? S3Prices.Of(StorageClass);

    internal TimeSpan LookInterval => TimeSpan.FromDays(LookDays);

    internal bool IsArchive => S3Prices.IsArchive(StorageClass);

    /// <exception cref="ArgumentException">A value is none; the message says which.</exception>
    internal void Validate()
    {
        try
        {
            Validator.ValidateObject(this, new(this), validateAllProperties: true);
            Validator.ValidateObject(Client, new(Client), validateAllProperties: true);
        }
        catch (ValidationException e)
        {
            throw new ArgumentException(e.Message, e);
        }

        var isPrefix = Prefix.Length is > 0 and <= PrefixLengthMax && Prefix[0] != '/' && Prefix[^1] != '/' && Prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/');
        if (!isPrefix) throw new ArgumentException($"The prefix has 1 to {PrefixLengthMax} letters, digits and . _ - /, and no slash at either end.");
        if (StorageClass is { } name && (name.Length is 0 or > StorageClassLengthMax || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))) throw new ArgumentException("The storage class has letters, digits, _ and - alone.");
        if (RestoreTier is not ("Expedited" or "Standard" or "Bulk")) throw new ArgumentException("The restore tier is Expedited, Standard or Bulk.");
        if (RestoreInterval <= TimeSpan.Zero) throw new ArgumentException("Intervals are longer than nothing.");
    }
}
