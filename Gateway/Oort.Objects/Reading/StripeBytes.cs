using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>Some payload bytes of one stripe, or all of some full stripes shard by shard, as read or decoded; not authenticated yet.</summary>
/// <param name="owner">Frees the bytes.</param>
/// <param name="payload">The bytes, in one piece.</param>
internal sealed class StripeBytes(IDisposable owner, Memory<byte> payload) : IDisposable
{
    public Memory<byte> Payload { get; } = payload;

    public static StripeBytes Of(PooledBuffer buffer) => new(buffer, buffer.Memory);

    public void Dispose() => owner.Dispose();
}
