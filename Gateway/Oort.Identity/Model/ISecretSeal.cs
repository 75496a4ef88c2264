namespace Oort.Identity.Model;

/// <summary>Seals what must not be read by whoever sees the database or the stores, under the keys of the cluster. Thread-safe.</summary>
public interface ISecretSeal
{
    /// <param name="context">What it belongs to; needed to open it.</param>
    byte[] Seal(ReadOnlySpan<byte> context, ReadOnlySpan<byte> secret);

    /// <returns>Null: it was not sealed so.</returns>
    byte[]? Open(ReadOnlySpan<byte> context, ReadOnlySpan<byte> sealedSecret);
}
