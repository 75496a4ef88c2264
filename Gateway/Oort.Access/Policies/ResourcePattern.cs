namespace Oort.Access.Policies;

/// <summary>The resources that a line of <c>Resource</c> names: each of the six parts of an ARN by itself, so that no wildcard reaches over a colon into the next, or <c>*</c> for all.</summary>
internal sealed class ResourcePattern
{
    private const int PartCount = 6;

    private readonly Glob[] head;
    private readonly PolicyText? resource;

    /// <summary>As nearly all are: <c>arn:aws:s3:::</c>, without wildcards up to there.</summary>
    private readonly bool isOfS3;

    private ResourcePattern(string source, Glob[] head, PolicyText? resource)
    {
        (Source, this.head, this.resource) = (source, head, resource);
        isOfS3 = source.StartsWith("arn:aws:s3:::", StringComparison.Ordinal);
    }

    public string Source { get; }

    /// <summary>What its variables ask of a request.</summary>
    public IEnumerable<ConditionKey> Keys => resource?.Keys ?? [];

    /// <exception cref="PolicyException">It is no pattern.</exception>
    public static ResourcePattern Parse(string source, bool hasVariables)
    {
        if (source == "*") return new(source, [], null);
        if (source.Length > Arn.LengthMax) throw new PolicyException($"A resource is longer than {Arn.LengthMax} characters.");
        if (source.Split(':', PartCount) is not { Length: PartCount } parts || parts[0] != "arn" || parts[PartCount - 1].Length == 0) throw new PolicyException($"\"{source}\" is no resource: that is *, or arn:aws:s3:::BUCKET/KEY, in which * and ? may stand for others.");
        if (parts.Take(PartCount - 1).Any(part => part.Contains('$', StringComparison.Ordinal))) throw new PolicyException($"In \"{source}\" variables stand in the last part only.");
        return new(source, [.. parts.Take(PartCount - 1).Select(Glob.Parse)], PolicyText.Parse(parts[PartCount - 1], hasWildcards: true, hasVariables));
    }

    public bool Matches(in Arn arn, AccessContext context) => resource is null || (HeadMatches(arn) && resource.Matches(arn.Resource, context));

    /// <summary>Whether the bucket itself may be meant.</summary>
    public bool MayBeBucket(string bucket) => resource is null || (HeadMatches(Arn.OfS3(bucket)) && resource.MayBe(bucket));

    /// <summary>Whether something in the bucket may be meant.</summary>
    public bool MayBeIn(string bucket) => resource is null || (HeadMatches(Arn.OfS3(bucket)) && resource.MatchesSomethingIn(bucket + "/"));

    private bool HeadMatches(in Arn arn) => isOfS3 ? arn is { Partition: "aws", Service: "s3", Region: "", Account: "" } : head[1].Matches(arn.Partition) && head[2].Matches(arn.Service) && head[3].Matches(arn.Region) && head[4].Matches(arn.Account);
}
