using Oort.Access.Policies;

namespace Oort.Access;

/// <summary>What conditions may ask of a request. Asked only where a policy does.</summary>
public abstract class AccessContext
{
    /// <summary>A request of which nothing is known.</summary>
    public static AccessContext Empty { get; } = new Nothing();

    /// <param name="name">What follows the name of a family; else empty.</param>
    /// <returns>False: the request has no such value.</returns>
    public abstract bool TryFind(ConditionKey key, string name, out ConditionValue value);

    private sealed class Nothing : AccessContext
    {
        public override bool TryFind(ConditionKey key, string name, out ConditionValue value)
        {
            value = default;
            return false;
        }
    }
}
