using System.Security.Cryptography;
using Oort.Checksums;

namespace Oort.S3.Client;

/// <summary>An object's bytes as they come; a connection that breaks is made anew from the next byte on, and only of the same object (If-Match).</summary>
/// <remarks>Ends only when every byte was read, and, where the service gave a checksum of what was asked for, when it holds; everything else is an <see cref="S3ClientException"/>. Not thread-safe.</remarks>
internal sealed class ResumingStream : ForwardStream
{
    /// <summary>Breaks in a row without a byte between them.</summary>
    private const int FruitlessCountMax = 5;

    private readonly Func<long, CancellationToken, Task<S3Exchange>> reopen;
    private readonly Func<int, CancellationToken, Task> delay;
    private readonly string resource;
    private readonly long length;
    private readonly RunningChecksum? checksum;
    private readonly byte[]? expected;
    private S3Exchange? exchange;
    private Stream? source;
    private long position;
    private int fruitless;
    private bool isChecked;

    /// <param name="exchange">The answer that has begun.</param>
    /// <param name="length">Bytes that it must have.</param>
    /// <param name="reopen">Asks again for all from an offset within these bytes.</param>
    /// <param name="delay">Waits before the n-th repetition.</param>
    public ResumingStream(S3Exchange exchange, long length, string resource, ShownChecksum? announced, Func<long, CancellationToken, Task<S3Exchange>> reopen, Func<int, CancellationToken, Task> delay)
    {
        this.exchange = exchange;
        this.length = length;
        this.resource = resource;
        this.reopen = reopen;
        this.delay = delay;
        if (announced is not { } known) return;
        checksum = new RunningChecksum(known.Algorithm);
        expected = Convert.FromBase64String(known.Value);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        if (position == length)
        {
            Check();
            return 0;
        }

        while (true)
        {
            try
            {
                if (exchange is null) await ReopenAsync(cancellationToken);
                source ??= await exchange!.Response.Content.ReadAsStreamAsync(cancellationToken);
                var wanted = buffer[..(int)Math.Min(buffer.Length, length - position)];
                var count = await ReadOnceAsync(wanted, cancellationToken);
                // The service's length was a lie, or the connection was closed without one.
                if (count == 0) throw new IOException("The answer ended early.");
                checksum?.Append(wanted.Span[..count]);
                position += count;
                fruitless = 0;
                if (position == length) Check();
                return count;
            }
            catch (Exception e) when (IsBreak(e) && !cancellationToken.IsCancellationRequested)
            {
                CloseExchange();
                if (++fruitless > FruitlessCountMax)
                    throw new S3ClientException(S3ErrorKind.Transient, $"GetObject of {resource} broke off {FruitlessCountMax} times in a row at byte {position} of {length}: {e.Message}", e);
                await delay(fruitless, cancellationToken);
            }
        }
    }

    private async ValueTask<int> ReadOnceAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var watch = exchange!.Watch;
        watch.Restart();
        using var link = cancellationToken.Register(static state => ((StallWatch)state!).Abort(), watch);
        return await source!.ReadAsync(buffer, watch.Token);
    }

    private async Task ReopenAsync(CancellationToken cancellationToken) => exchange = await reopen(position, cancellationToken);

    private static bool IsBreak(Exception e) => e is IOException or HttpRequestException or OperationCanceledException;

    private void Check()
    {
        if (isChecked || checksum is null) return;
        isChecked = true;
        if (!CryptographicOperations.FixedTimeEquals(checksum.Finish(), expected))
            throw new S3ClientException(S3ErrorKind.Corrupt, $"GetObject of {resource}: the bytes do not have the {ChecksumNames.Name(checksum.Algorithm)} that the service gives for them.");
    }

    private void CloseExchange()
    {
        exchange?.Dispose();
        exchange = null;
        source = null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            CloseExchange();
            checksum?.Dispose();
        }

        base.Dispose(disposing);
    }
}
