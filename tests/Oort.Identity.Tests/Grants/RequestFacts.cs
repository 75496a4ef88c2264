using Oort.Access;
using Oort.Access.Policies;

namespace Oort.Identity.Tests.Grants;

/// <summary>What a request has for conditions.</summary>
internal sealed class RequestFacts(DateTimeOffset? time, string? address, string? prefix) : AccessContext
{
    public override bool TryFind(ConditionKey key, string name, out ConditionValue value)
    {
        var text = key.Name switch
        {
            "aws:EpochTime" => time?.ToUnixTimeSeconds().ToString(null, null),
            "aws:SourceIp" => address,
            "s3:prefix" => prefix,
            _ => null,
        };
        value = text is null ? default : new(text);
        return text is not null;
    }
}
