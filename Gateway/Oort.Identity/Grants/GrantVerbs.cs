namespace Oort.Identity.Grants;

/// <summary>What may be done with a grant (docs/formats/grant.md §4).</summary>
[Flags]
public enum GrantVerbs : byte
{
    None = 0,
    Read = 1,
    Write = 2,
    Delete = 4,
    List = 8,
    All = Read | Write | Delete | List,
}
