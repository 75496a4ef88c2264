using System.ComponentModel.DataAnnotations;
using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>How much of an item is read back before it counts as a copy.</summary>
public enum FilecoinReadBack
{
    /// <summary>All of it, compared by SHA-256.</summary>
    Full = 0,

    /// <summary>Some of its blocks, chosen at random and compared by the PieceCID's tree: where reading is dear. The chain's proofs are looked at in both cases.</summary>
    Sample,
}

/// <summary>Which provider items go to, and how.</summary>
public sealed record FilecoinOptions
{
    private const int LabelLengthMax = 64;
    private const int HashThreadCountMax = 64;

    /// <summary>Default: Filecoin's main network.</summary>
    [Required]
    public FilecoinNetwork Network { get; init; } = FilecoinNetwork.Mainnet;

    /// <summary>A node of that chain. What it says is not proven: use one that is trusted.</summary>
    [Required]
    public required EvmClientOptions Node { get; init; }

    /// <summary>The provider's address, as the registry has it ("serviceURL"); http or https.</summary>
    [Required]
    public required Uri ServiceUrl { get; init; }

    /// <summary>The provider's number in the registry, at least 1.</summary>
    [Range(1, long.MaxValue)]
    public required long ProviderId { get; init; }

    /// <summary>Which of the account's data sets at this provider: each label is one, made when it is first needed. 1 to 64 printable ASCII characters; nobody sees it. Another label after a data set was terminated. Default "oort".</summary>
    public string Label { get; init; } = "oort";

    /// <summary>Items below so many bytes are bundled; 0: none. Default 64 MiB: each has a fee, 0.0008 USDFC by the contract in June 2026, which is what 1 GiB costs in ten days. At most 1 GiB.</summary>
    [Range(0, 1L << 30)]
    public long BundleBelow { get; init; } = 64 << 20;

    public FilecoinReadBack ReadBack { get; init; }

    /// <summary>Blocks of a sampled read-back. Default 4 of at most 64.</summary>
    [Range(1, PieceBlocks.CountMax)]
    public int SampledBlockCount { get; init; } = 4;

    /// <summary>Chunks of 1 MiB that are hashed at the same time. Default 2.</summary>
    [Range(1, HashThreadCountMax)]
    public int HashThreadCount { get; init; } = 2;

    /// <summary>How long the provider may be silent. Default a minute.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long it may be silent at the end of an upload, when it hashes all of it. Default 10 minutes.</summary>
    public TimeSpan UploadAnswerTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How often it is asked for what takes a block or two. Default 30 seconds: one block.</summary>
    public TimeSpan AskInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the chain is asked for a proof, which comes within two days. Default 2 hours.</summary>
    public TimeSpan ProofInterval { get; init; } = TimeSpan.FromHours(2);

    /// <summary>After so long without a proof of a data set its items say so. Default 3 days: two proving periods, and one more.</summary>
    public TimeSpan ProofAgeMax { get; init; } = TimeSpan.FromDays(3);

    /// <summary>How often an item that is there is looked at. Default a day.</summary>
    public TimeSpan LookInterval { get; init; } = TimeSpan.FromDays(1);

    /// <summary>What the service charges where the contract does not tell; null: <see cref="FilecoinPrices.Default"/>.</summary>
    public NetworkPrices? Prices { get; init; }

    /// <exception cref="ArgumentException">A value is none; the message says which.</exception>
    internal void Validate()
    {
        try
        {
            Validator.ValidateObject(this, new(this), validateAllProperties: true);
            Validator.ValidateObject(Node, new(Node), validateAllProperties: true);
        }
        catch (ValidationException e)
        {
            throw new ArgumentException(e.Message, e);
        }

        if (!ServiceUrl.IsAbsoluteUri || ServiceUrl.Scheme is not ("http" or "https") || ServiceUrl.Query.Length > 0 || ServiceUrl.Fragment.Length > 0 || ServiceUrl.UserInfo.Length > 0)
            throw new ArgumentException("ServiceUrl is an http or https address without credentials, query and fragment.");
        if (Label.Length is 0 or > LabelLengthMax || !Label.All(c => c is >= ' ' and <= '~')) throw new ArgumentException($"Label has 1 to {LabelLengthMax} printable ASCII characters.");
        TimeSpan[] times = [StallTimeout, UploadAnswerTimeout, AskInterval, ProofInterval, ProofAgeMax, LookInterval];
        if (times.Any(time => time <= TimeSpan.Zero || time > TimeSpan.FromDays(365))) throw new ArgumentException("Timeouts and intervals are longer than nothing, and at most a year.");
    }
}
