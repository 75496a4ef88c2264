using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Backends.Ipfs;

/// <summary>A form with one file (RFC 7578), whose bytes are made while they are sent.</summary>
internal sealed class FormContent : HttpContent, IGuardedContent
{
    private readonly byte[] head;
    private readonly byte[] tail;
    private readonly long length;
    private readonly Func<Func<ReadOnlyMemory<byte>, ValueTask>, CancellationToken, ValueTask> write;

    /// <param name="length">Bytes of the file.</param>
    /// <param name="write">Writes them.</param>
    public FormContent(long length, Func<Func<ReadOnlyMemory<byte>, ValueTask>, CancellationToken, ValueTask> write)
    {
        var boundary = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        head = Encoding.ASCII.GetBytes($"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"item\"\r\nContent-Type: application/octet-stream\r\n\r\n");
        tail = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
        this.length = length;
        this.write = write;
        Headers.ContentType = MediaTypeHeaderValue.Parse($"multipart/form-data; boundary={boundary}");
    }

    public ExchangeGuard? Guard { get; set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(head, cancellationToken);
        await write(
            async bytes =>
            {
                await stream.WriteAsync(bytes, cancellationToken);
                Guard?.Moved();
            },
            cancellationToken);
        await stream.WriteAsync(tail, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = head.Length + this.length + tail.Length;
        return true;
    }
}
