using System.Collections.Immutable;
using Oort.Identity.Accounts;
using Oort.Identity.Model;

namespace Oort.Identity.Store;

/// <summary>A change of identities while it is worked out: what is put or removed is seen by what comes after it, and by others when all of it is durable.</summary>
public sealed class IdentityChange
{
    private readonly Dictionary<string, object?> records = new(StringComparer.Ordinal);

    internal IdentityChange(IdentitySnapshot snapshot) => Snapshot = snapshot;

    /// <summary>What is, with what the change has made of it so far.</summary>
    public IdentitySnapshot Snapshot { get; private set; }

    internal IReadOnlyDictionary<string, object?> Records => records;

    /// <summary>Adds an account, or replaces it.</summary>
    public void Put(Account account) => Set(account, account);

    /// <summary>Adds an entity, or replaces the one of this name.</summary>
    public void Put(Entity entity) => Set(entity, entity);

    public void Remove(Account account) => Set(account, null);

    public void Remove(Entity entity) => Set(entity, null);

    /// <summary>Puts an entity in another's place, which may have another name.</summary>
    public void Replace(Entity before, Entity after)
    {
        if (IdentityRecords.NameOf(before) != IdentityRecords.NameOf(after)) Remove(before);
        Put(after);
    }

    /// <summary>A key that nobody has yet.</summary>
    /// <returns>The key, and its secret, which is nowhere else.</returns>
    public static (AccessKey Key, string Secret) NewKey(ISecretSeal seal, DateTimeOffset now)
    {
        var secret = Names.NewSecret();
        return (KeyOf(seal, Names.NewKeyId(), secret, now), secret);
    }

    public static AccessKey KeyOf(ISecretSeal seal, string id, string secret, DateTimeOffset now) => new(id, seal.Seal(System.Text.Encoding.UTF8.GetBytes(id), System.Text.Encoding.UTF8.GetBytes(secret)), now, IsActive: true);

    private void Set(object named, object? record)
    {
        var name = IdentityRecords.NameOf(named);
        records[name] = record;
        Snapshot = Snapshot.With(name, record);
    }

    internal ImmutableArray<(string Name, byte[]? Value)> Encode() => [.. records.Select(one => (one.Key, one.Value is null ? null : Encode(one.Value)))];

    /// <summary>What nobody could read again is not written: its holder would be shut out.</summary>
    private static byte[] Encode(object record) => IdentityRecords.Encode(record) is { Length: <= IdentityRecords.LengthMax } bytes ? bytes : throw new ArgumentException("The record is larger than it may be.", nameof(record));
}
