namespace Oort.Identity.Accounts;

/// <summary>The accounts that there are now. Thread-safe, and answers from memory.</summary>
public interface IAccountDirectory
{
    /// <returns>Null: there is none.</returns>
    Account? FindByCanonicalId(string canonicalId);

    /// <returns>Null: there is none.</returns>
    Account? FindByNumber(string number);

    /// <summary>Letters are the same in either case.</summary>
    /// <returns>Null: there is none.</returns>
    Account? FindByEmail(string email);
}
