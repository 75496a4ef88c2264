using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Oort.Node.Protocol;
using Shouldly;
using Xunit;

namespace Oort.Node.Tests.Hosting;

/// <summary>What the size of the server's blocks makes of TLS below HTTP.</summary>
public sealed class NodeBlocksTests
{
    private const int Length = 1024 * 1024;

    /// <summary>Plaintext bytes of a record at most (RFC 8446 §5.1).</summary>
    private const int RecordLengthMax = 16 * 1024;

    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Answer_Long_ComesInRecordsOfFullLength()
    {
        await using var node = await RunningNode.StartAsync();
        var content = new byte[Length];
        new Random(1).NextBytes(content);
        (await node.SendCheckedAsync("PUT", "/v1/shards/1-2.3", content)).Status.ShouldBe(200);
        RecordCounter? counter = null;
        await using var stream = await node.ConnectAsync(wrap: below => counter = new RecordCounter(below));
        var handshake = counter!.Count;

        await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"GET /v1/shards/1-2.3?offset=0&length={Length} HTTP/1.1\r\nHost: node\r\n{NodeHeaders.Store}: {node.Store}\r\n\r\n")), None);
        var answer = new byte[Length + 4096];
        var count = 0;
        int Head() => answer.AsSpan(0, count).IndexOf("\r\n\r\n"u8) is var at and >= 0 ? at + 4 : int.MaxValue - Length - NodeLimits.CheckSize;
        while (count < Head() + Length + NodeLimits.CheckSize)
        {
            var read = await stream.ReadAsync(answer.AsMemory(count), None);
            read.ShouldBePositive();
            count += read;
        }

        answer.AsSpan(Head(), Length + NodeLimits.CheckSize).SequenceEqual(RunningNode.Checked(content)).ShouldBeTrue();
        // The head and the check have records of their own, as may the ends of windows.
        (counter.Count - handshake).ShouldBeLessThanOrEqualTo(2 * (Length / RecordLengthMax));
    }

    [Fact]
    public async Task Handshake_ThatNeverBegins_IsEnded()
    {
        await using var node = await RunningNode.StartAsync();
        await node.RestartAsync(options => options with { StallTimeout = TimeSpan.FromMilliseconds(200) });
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, node.Host.EndPoint.Port, None);

        (await socket.ReceiveAsync(new byte[1], SocketFlags.None, None).AsTask().WaitAsync(TimeSpan.FromMinutes(2), None)).ShouldBe(0);
    }

    /// <summary>Counts the records that are received, by their headers: type, version, length.</summary>
    private sealed class RecordCounter(Stream below) : Stream
    {
        private const int HeaderSize = 5;

        private readonly byte[] _header = new byte[HeaderSize];
        private int _headerCount;
        private int _rest;

        public int Count { get; private set; }

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await below.ReadAsync(buffer, cancellationToken);
            Look(buffer.Span[..count]);
            return count;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => below.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => below.FlushAsync(cancellationToken);

        public override void Flush() => below.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) below.Dispose();
            base.Dispose(disposing);
        }

        private void Look(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                if (_rest > 0)
                {
                    var passed = Math.Min(_rest, bytes.Length);
                    _rest -= passed;
                    bytes = bytes[passed..];
                    continue;
                }

                _header[_headerCount++] = bytes[0];
                bytes = bytes[1..];
                if (_headerCount < HeaderSize) continue;
                Count++;
                (_headerCount, _rest) = (0, (_header[3] << 8) | _header[4]);
            }
        }
    }
}
