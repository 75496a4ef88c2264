using System.Buffers;
using System.Security.Cryptography;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

public sealed class RunningMd5Tests
{
    private static readonly byte[] bytes = TestBytes.Create(1 << 20, seed: 20);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Append_EverySplitOfThreeBlocks_EqualsWhole()
    {
        var running = new RunningMd5();
        var expected = MD5.HashData(bytes.AsSpan(0, 3 * Md5Engine.BlockSize + 1));
        for (var split = 0; split <= 3 * Md5Engine.BlockSize + 1; split++)
        {
            running.Append(bytes.AsSpan(0, split));
            running.Append([]);
            running.Append(bytes.AsSpan(split..(3 * Md5Engine.BlockSize + 1)));
            running.Finish().ShouldBe(expected, $"split at {split}");
        }
    }

    [Fact]
    public async Task AppendAsync_LengthsAroundTheHandOver_EqualsWhole()
    {
        var running = new RunningMd5();
        foreach (var length in new[] { 0, 1, 64, RunningMd5.SharedLengthMin - 1, RunningMd5.SharedLengthMin, RunningMd5.SharedLengthMin + 1, 65_536, bytes.Length - 70 })
        {
            // 70 bytes before it, so that the piece begins within a block.
            running.Append(bytes.AsSpan(0, 70));
            await running.AppendAsync(bytes.AsMemory(70, length), Cancellation);
            running.Finish().ShouldBe(MD5.HashData(bytes.AsSpan(0, 70 + length)), $"{length} bytes");
        }
    }

    [Fact]
    public async Task AppendAsync_SequencesInOddPieces_EqualsWhole()
    {
        var random = new Random(21);
        var running = new RunningMd5();
        for (var round = 0; round < 50; round++)
        {
            var length = random.Next(100_000);
            running.Append(bytes.AsSpan(0, 13));
            await running.AppendAsync(Sequences.Cut(bytes.AsMemory(13, length), () => random.Next(3) == 0 ? random.Next(20_000) : random.Next(130)), Cancellation);
            running.Finish().ShouldBe(MD5.HashData(bytes.AsSpan(0, 13 + length)), $"round {round}, {length} bytes");
        }
    }

    [Fact]
    public async Task AppendAsync_CancelledBefore_AppendsNothing()
    {
        var running = new RunningMd5();
        running.Append(bytes.AsSpan(0, 5));
        await Should.ThrowAsync<OperationCanceledException>(async () => await running.AppendAsync(bytes, new CancellationToken(canceled: true)));
        running.Finish().ShouldBe(MD5.HashData(bytes.AsSpan(0, 5)));
    }

    [Fact]
    public async Task AppendAsync_CancelledWhileUnderWay_IsHashedToTheEnd()
    {
        using var cancelling = new CancellationTokenSource();
        var running = new RunningMd5();
        var appending = running.AppendAsync(bytes, cancelling.Token);
        await cancelling.CancelAsync();
        await appending;
        running.Finish().ShouldBe(MD5.HashData(bytes));
    }

    [Fact]
    public async Task AppendAsync_BufferGivenBackTooEarly_FailsThatAppendAlone()
    {
        using var gone = new GoneMemory();
        var running = new RunningMd5();
        await Should.ThrowAsync<ObjectDisposedException>(async () => await running.AppendAsync(gone.Memory, Cancellation));
        var other = new RunningMd5();
        await other.AppendAsync(bytes, Cancellation);
        other.Finish().ShouldBe(MD5.HashData(bytes));
    }

    /// <summary>A buffer that can be seen but no longer be pinned.</summary>
    private sealed class GoneMemory : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => bytes;

        public override MemoryHandle Pin(int elementIndex = 0) => throw new ObjectDisposedException(nameof(GoneMemory));

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
