namespace Oort.Access.Policies;

/// <summary>The actions that patterns of a statement take, worked out when the policy is read.</summary>
internal readonly struct ActionSet
{
    private const int BitCount = 64;

    private readonly ulong[] bits;

    /// <param name="isInverted">NotAction: all but these.</param>
    public ActionSet(IReadOnlyCollection<string> patterns, bool isInverted)
    {
        bits = new ulong[(AccessActions.All.Length + BitCount - 1) / BitCount];
        var globs = patterns.Select(Glob.Parse).ToArray();
        foreach (var action in AccessActions.All)
            if (Array.Exists(globs, glob => glob.Matches(action.Name, ignoreCase: true)) != isInverted) bits[action.Index / BitCount] |= 1UL << (action.Index % BitCount);
    }

    public bool Contains(AccessAction action) => (bits[action.Index / BitCount] >> (action.Index % BitCount) & 1) != 0;

    public IEnumerable<AccessAction> Actions => AccessActions.All.Where(Contains);
}
