using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Prefix, delimiter and encoding-type, which all listings of keys have in common.</summary>
internal readonly struct ListingNames(S3Request request)
{
    public string Prefix { get; } = request.Query("prefix") ?? "";

    /// <summary>Empty when keys are not to be rolled up.</summary>
    public string Delimiter { get; } = request.Query("delimiter") ?? "";

    /// <summary>The delimiter as the answer shows it: not at all when there is none.</summary>
    public string? ShownDelimiter => Delimiter.Length == 0 ? null : Delimiter;

    /// <summary>The answer's names are to be percent-encoded, since XML 1.0 cannot hold every character of a key.</summary>
    public bool IsUrlEncoded { get; } = Arguments.IsUrlEncoded(request);
}
