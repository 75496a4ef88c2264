using System.Buffers.Binary;
using System.Net;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>A checked body: some runs of bytes, then their CRC (docs/formats/node-protocol.md §1). Nothing is copied.</summary>
/// <param name="crc">Of all the runs together.</param>
internal sealed class CheckedContent(IReadOnlyList<ReadOnlyMemory<byte>> runs, ulong crc, StallGuard guard) : HttpContent
{
    /// <summary>Sent at a time: after each, the other side has taken something.</summary>
    private const int WindowSize = 256 * 1024;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        foreach (var run in runs)
        {
            for (var rest = run; !rest.IsEmpty;)
            {
                var window = rest[..Math.Min(WindowSize, rest.Length)];
                await stream.WriteAsync(window, cancellationToken);
                guard.Moved();
                rest = rest[window.Length..];
            }
        }

        var check = new byte[NodeLimits.CheckSize];
        BinaryPrimitives.WriteUInt64BigEndian(check, crc);
        await stream.WriteAsync(check, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = NodeLimits.CheckSize + runs.Sum(run => (long)run.Length);
        return true;
    }
}
