namespace Oort.Access;

/// <summary>Whom a list (ACL) means when it gives something to a principal.</summary>
public enum ListMatch
{
    /// <summary>It gives nothing.</summary>
    None,

    /// <summary>His account, which may pass on what it is given: lists know of no users.</summary>
    Account,

    /// <summary>Him, as one of a group that everybody may belong to.</summary>
    Anybody,
}
