using Oort.Objects;
using Oort.S3.Client;

namespace Oort.Gateway.Imports;

/// <summary>Lets bytes pass no faster than a pacer says.</summary>
internal sealed class PacedStream(Stream inner, Pacer pacer) : ForwardStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        await pacer.SpendAsync(count, cancellationToken);
        return count;
    }
}
