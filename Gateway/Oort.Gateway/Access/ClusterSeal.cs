using Oort.Identity.Model;
using Oort.Objects;

namespace Oort.Gateway.Access;

/// <summary>Seals secrets under the keyring of the object system.</summary>
internal sealed class ClusterSeal(IObjectSystem system) : ISecretSeal
{
    public byte[] Seal(ReadOnlySpan<byte> context, ReadOnlySpan<byte> secret) => system.SealSecret(context, secret);

    public byte[]? Open(ReadOnlySpan<byte> context, ReadOnlySpan<byte> sealedSecret) => system.OpenSecret(context, sealedSecret);
}
