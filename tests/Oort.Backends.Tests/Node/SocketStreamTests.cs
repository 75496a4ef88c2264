using System.Net;
using System.Net.Sockets;
using Oort.Backends.Node;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Node;

/// <summary>The socket under a node's TLS: what is gathered and received ahead is neither lost nor mixed up.</summary>
public sealed class SocketStreamTests
{
    private static readonly int[] s_writeSizes = [1, 5, 100, 16_384, 16_406, 65_536, 131_071, 131_072, 131_073, 300_000];
    private static readonly int[] s_readSizes = [0, 1, 5, 4_096, 16_384, 16_406, 65_535, 65_536, 70_000];

    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Bytes_WrittenAndReadInAnyPieces_ComeInOrder(int seed)
    {
        var (near, far) = await ConnectAsync();
        await using (near)
        await using (far)
        {
            var random = new Random(seed);
            var bytes = new byte[4 << 20];
            random.NextBytes(bytes);
            // Closed behind the last byte: one that is lost is an end that comes early, and no wait.
            var writing = Task.Run(
                async () =>
                {
                    await WriteAsync(near, bytes, new Random(seed + 1));
                    await near.DisposeAsync();
                },
                None);
            var received = new byte[bytes.Length];
            for (var count = 0; count < received.Length;)
            {
                var size = Math.Min(s_readSizes[random.Next(s_readSizes.Length)], received.Length - count);
                var read = await far.ReadAsync(received.AsMemory(count, size), None);
                if (size > 0) read.ShouldBePositive();
                count += read;
            }

            await writing;
            received.AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Write_Gathered_GoesWhenItIsSent()
    {
        var (near, far) = await ConnectAsync();
        await using (near)
        await using (far)
        {
            near.Gather();
            await near.WriteAsync(new byte[100], None);
            var reading = far.ReadAsync(new byte[200], None).AsTask();
            reading.IsCompleted.ShouldBeFalse();
            await near.WriteAsync(new byte[50], None);
            await near.SendAsync(None);
            (await reading).ShouldBe(150);

            // Nothing is kept any more.
            await near.WriteAsync(new byte[7], None);
            (await far.ReadAsync(new byte[200], None)).ShouldBe(7);
        }
    }

    [Fact]
    public async Task Read_PeerHasGone_EndsAfterWhatHadCome()
    {
        var (near, far) = await ConnectAsync();
        await using (far)
        {
            await using (near) await near.WriteAsync(new byte[100_000], None);
            var count = 0;
            for (int read; (read = await far.ReadAsync(new byte[16_406], None)) > 0;) count += read;
            count.ShouldBe(100_000);
            (await far.ReadAsync(new byte[16_406], None)).ShouldBe(0);
        }
    }

    private static async Task WriteAsync(SocketStream stream, ReadOnlyMemory<byte> bytes, Random random)
    {
        while (!bytes.IsEmpty)
        {
            var gathers = random.Next(2) == 0;
            if (gathers) stream.Gather();
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                var piece = bytes[..Math.Min(bytes.Length, s_writeSizes[random.Next(s_writeSizes.Length)])];
                await stream.WriteAsync(piece, None);
                bytes = bytes[piece.Length..];
            }

            if (gathers) await stream.SendAsync(None);
        }
    }

    private static async Task<(SocketStream Near, SocketStream Far)> ConnectAsync()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var near = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await near.ConnectAsync(listener.LocalEndPoint!, None);
        return (new SocketStream(near), new SocketStream(await listener.AcceptAsync(None)));
    }
}
