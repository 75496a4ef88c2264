namespace Oort.S3;

/// <summary>How a bucket is served as a website (S3 API: WebsiteConfiguration).</summary>
/// <param name="RedirectAll">Where every request is sent; null: the bucket answers itself.</param>
/// <param name="Index">What a folder's page is called; null where all is sent away.</param>
/// <param name="Error">Key of the page of errors; null: there is none.</param>
/// <param name="Rules">At most 50; the first that fits counts.</param>
public sealed record WebsiteConfiguration(WebsiteHost? RedirectAll, string? Index, string? Error, IReadOnlyList<WebsiteRule> Rules);

/// <summary>Another host.</summary>
/// <param name="Protocol">http or https; null: as the request came.</param>
public sealed record WebsiteHost(string Name, string? Protocol);

/// <summary>One RoutingRule.</summary>
/// <param name="Prefix">With which the key must begin; null: any.</param>
/// <param name="ErrorCode">Status, 400 to 599, that the answer would have; null: the request is sent away before it is looked for.</param>
/// <param name="HostName">Null: the one that was asked.</param>
/// <param name="Protocol">http or https; null: as the request came.</param>
/// <param name="ReplacePrefix">What the key gets in the place of <paramref name="Prefix"/>.</param>
/// <param name="ReplaceKey">What it becomes as a whole.</param>
/// <param name="RedirectCode">Status, 301 to 399; null: 301.</param>
public sealed record WebsiteRule(string? Prefix, int? ErrorCode, string? HostName, string? Protocol, string? ReplacePrefix, string? ReplaceKey, int? RedirectCode);
