using Microsoft.AspNetCore.Http;
using Oort.Access.Policies;

namespace Oort.Gateway.Access;

/// <summary>What conditions may ask of a request that nobody has made: what is supposed of it goes before what every request has.</summary>
/// <param name="supposed">By names of condition keys, whatever their case; those of a family with what follows.</param>
internal sealed class SupposedFacts(HttpContext http, Caller caller, string resourceAccount, string region, DateTimeOffset now, IReadOnlyDictionary<string, ConditionValue> supposed) : CallerFacts(http, caller, resourceAccount, region, now)
{
    public override bool TryFind(ConditionKey key, string name, out ConditionValue value) =>
        supposed.TryGetValue(key.IsFamily ? $"{key.Name}/{name}" : key.Name, out value) || base.TryFind(key, name, out value);
}
