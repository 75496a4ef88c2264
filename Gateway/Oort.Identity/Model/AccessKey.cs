namespace Oort.Identity.Model;

/// <summary>A pair of an id, which names its holder, and a secret, with which he signs.</summary>
/// <param name="SealedSecret">The secret under the cluster's keys, sealed with the id as context.</param>
public sealed record AccessKey(string Id, byte[] SealedSecret, DateTimeOffset Created, bool IsActive)
{
    public bool Equals(AccessKey? other) => other is not null && Id == other.Id && IsActive == other.IsActive && Created == other.Created && SealedSecret.AsSpan().SequenceEqual(other.SealedSecret);

    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);
}
