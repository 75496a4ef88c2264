namespace Oort.Metadata;

/// <summary>What is stored, as its owner counts it; or a difference of that.</summary>
/// <param name="Objects">Versions: the current one of each key, those under it, and delete markers.</param>
/// <param name="Bytes">Plaintext bytes of the versions, and of the parts of uploads that are in progress. Copies count in full, padding, parity and copies restored from an archive do not.</param>
public readonly record struct Usage(long Objects, long Bytes)
{
    public static Usage operator +(Usage left, Usage right) => new(left.Objects + right.Objects, left.Bytes + right.Bytes);

    public static Usage operator -(Usage left, Usage right) => new(left.Objects - right.Objects, left.Bytes - right.Bytes);
}

/// <summary>What the buckets of an account hold together, whoever wrote it.</summary>
/// <param name="Account">Canonical id: the buckets' <see cref="BucketRow.OwnerId"/>.</param>
/// <param name="Buckets">How many they are.</param>
public sealed record AccountUsage(string Account, long Buckets, Usage Used);
