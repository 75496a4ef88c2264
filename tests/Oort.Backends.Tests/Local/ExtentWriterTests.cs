using Oort.Backends.Local;
using Oort.Backends.Suite;
using Oort.Checksums;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

/// <summary>How a long shard gets to the medium: in which writes, from whose memory, and what a crash or a fault in between leaves.</summary>
public sealed class ExtentWriterTests
{
    private const int Block = DirectAlignment.Size;

    private readonly RecordingDisk _disk = StoreFixture.NewDisk();

    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Write_PiecesOfAnyLengthAndPhase_AreReadBack(bool canWriteDirect)
    {
        _disk.CanWriteDirect = canWriteDirect;
        await using var store = StoreFixture.Open(_disk, StoreFixture.Options with { VolumeSizeBytes = 1 << 24 });
        var random = new Random(42);
        for (var shard = 0UL; shard < 60; shard++)
        {
            var content = TestBytes.Make(random.Next(2001, 80_000), (int)shard);
            await WriteAsync(store, shard, content, _ => random.Next(3) == 0 ? random.Next(0, 9000) : random.Next(1, 6) * Block, () => random.Next(2) == 0 ? null : random.Next(Block));
            (await ReadAsync(store, shard)).ShouldBe(content);
        }

        NoBlockIsWrittenTwiceOrInTwoWays();
    }

    [Fact]
    public async Task Write_MediumRefusesDirectWritesInBetween_GoesOnThroughTheCache()
    {
        await using var store = StoreFixture.Open(_disk);
        var content = TestBytes.Make(30_000, 1);
        var pieces = 0;
        await WriteAsync(
            store,
            1,
            content,
            _ =>
            {
                _disk.CanWriteDirect = ++pieces < 3;
                return 7000;
            });

        (await ReadAsync(store, 1)).ShouldBe(content);
        ExtentWrites().Select(write => write.IsDirect).Distinct().ShouldBe([true, false]);
    }

    [Fact]
    public async Task Write_PiecesThatLieAsInTheShard_GoOutWholeEachInOneWrite()
    {
        // As a segment's shard comes: a short header, runs of cells, a table.
        await using var store = StoreFixture.Open(_disk, StoreFixture.Options with { VolumeSizeBytes = 1 << 24 });
        var content = TestBytes.Make(128 + (3 * 65_536) + 100, 1);
        int[] lengths = [128, 65_536, 65_536, 65_536, 100];
        await WriteAsync(store, 1, content, i => lengths[i]);

        var start = ExtentWrites()[0].Offset;
        ExtentWrites().Select(write => (write.Offset - start, write.Content!.Length, write.IsDirect)).ShouldBe(
            [(0, 65_536, true), (65_536, 65_536, true), (131_072, 65_536, true), (196_608, Block, true)]);
        ExtentWrites()[^1].Content![228..].ShouldAllBe(b => b == 0);
        (await ReadAsync(store, 1)).ShouldBe(content);
    }

    [Fact]
    public async Task Write_LengthOfWholeBlocks_WritesNothingMore()
    {
        await using var store = StoreFixture.Open(_disk);
        var content = TestBytes.Make(5 * Block, 1);
        await WriteAsync(store, 1, content, i => i == 0 ? 2 * Block : 3 * Block);

        ExtentWrites().Select(write => write.Content!.Length).ShouldBe([2 * Block, 3 * Block]);
        (await ReadAsync(store, 1)).ShouldBe(content);
    }

    [Theory]
    [InlineData(DiskErrorKind.Failed, BackendErrorKind.ReadOnly)]
    [InlineData(DiskErrorKind.NoSpace, BackendErrorKind.Full)]
    public async Task Write_Failing_CannotBeCommittedAndIsNotThere(DiskErrorKind kind, BackendErrorKind expected)
    {
        using var faulty = new FaultyDisk(_disk);
        await using (var store = StoreFixture.Open(faulty))
        {
            await store.PutAsync(TestBytes.Shard(2), TestBytes.Make(9000, 2), None);
            for (var skip = 0; skip < 2; skip++)
            {
                if (skip == 1 && kind == DiskErrorKind.Failed)
                    break; // The store takes no more writes.
                await using var writer = await store.BeginAsync(TestBytes.Shard(1), 20_000, None);
                faulty.Inject(DiskCalls.Write, kind: kind, pathPrefix: "volumes/", skip: skip);
                var failure = await Should.ThrowAsync<BackendException>(async () =>
                {
                    await writer.WriteAsync(TestBytes.Make(100, 1), None);
                    await writer.WriteAsync(TestBytes.Make(8000, 1), None);
                    await writer.WriteAsync(TestBytes.Make(11_900, 1), None);
                });
                failure.Kind.ShouldBe(expected);
                await Should.ThrowAsync<InvalidOperationException>(async () => await writer.CommitAsync(None));
            }
        }

        await using var reopened = StoreFixture.Open(_disk);
        (await StoreFixture.ReadAllAsync(reopened)).Keys.ShouldBe([TestBytes.Shard(2)]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Crash_AtEveryOperationOfPiecewiseWrites_LosesNothingAcknowledged(bool canWriteDirect)
    {
        _disk.CanWriteDirect = canWriteDirect;
        var history = new CrashHistory(_disk);
        await using (var store = StoreFixture.Open(_disk))
        {
            await history.RunAsync($"shard {TestBytes.Shard(90)}", TestBytes.Make(300, 90), () => store.PutAsync(TestBytes.Shard(90), TestBytes.Make(300, 90), None).AsTask());
            await Task.WhenAll(Enumerable.Range(1, 4).Select(i => Task.Run(() => PutAsync(store, history, (ulong)i, (i * 8000) + 128, i))));
            await PutAsync(store, history, 2, 9 * Block, 12);
            await history.RunAsync($"shard {TestBytes.Shard(3)}", null, () => store.DeleteAsync(TestBytes.Shard(3), None).AsTask());
        }

        _disk.CopyOperations().Any(operation => operation.IsDirect).ShouldBe(canWriteDirect);
        await CrashTests.CheckAllAsync(_disk, history);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    public async Task Write_CallersChecksums_AreBelievedAndCombined(ulong error)
    {
        var content = TestBytes.Make(20_000, 1);
        await using (var store = StoreFixture.Open(_disk))
        {
            await using var writer = await store.BeginAsync(TestBytes.Shard(1), content.Length, None);
            await writer.WriteAsync(content.AsMemory(0, 128), None);
            await writer.WriteAsync(content.AsMemory(128, 9000), Crc64Nvme.Compute(content.AsSpan(128, 9000)), None);
            await writer.WriteAsync(content.AsMemory(9128, 100), Crc64Nvme.Compute(content.AsSpan(9128, 100)), None);
            await writer.WriteAsync(content.AsMemory(9228), Crc64Nvme.Compute(content.AsSpan(9228)) ^ error, None);
            await writer.CommitAsync(None);
        }

        // Without the index the last group is in doubt, and its shard is compared with its checksum.
        _disk.Delete("index");
        await using var reopened = StoreFixture.Open(_disk);
        (await StoreFixture.ReadAllAsync(reopened)).Count.ShouldBe(error == 0 ? 1 : 0);
    }

    [Fact]
    public async Task Group_Large_GoesDirectAndSurvivesACrashAtEveryOperation()
    {
        var options = StoreFixture.Options with { InlineSizeMax = 50_000, VolumeSizeBytes = 1 << 20 };
        using var faulty = new FaultyDisk(_disk);
        var history = new CrashHistory(_disk);
        await using (var store = StoreFixture.Open(faulty, options))
        {
            Task Put(ulong i) => history.RunAsync($"shard {TestBytes.Shard(i)}", TestBytes.Make(40_000 + (int)i, (int)i), () => store.PutAsync(TestBytes.Shard(i), TestBytes.Make(40_000 + (int)i, (int)i), None).AsTask());
            await Put(1);

            // While one group hangs the next gathers.
            faulty.Inject(DiskCalls.Sync, DiskFault.Hang, pathPrefix: "volumes/");
            var hanging = Put(2);
            await faulty.Hung;
            var gathered = Task.WhenAll(Enumerable.Range(3, 6).Select(i => Put((ulong)i)));
            faulty.Release();
            await Task.WhenAll(hanging, gathered);
        }

        var large = _disk.CopyOperations().Single(operation => operation.IsDirect);
        large.Content!.Length.ShouldBeGreaterThan(6 * 40_000);
        NoBlockIsWrittenTwiceOrInTwoWays();
        await CrashTests.CheckAllAsync(_disk, history, options);
    }

    private static Task PutAsync(LocalStore store, CrashHistory history, ulong shard, int length, int seed) =>
        history.RunAsync($"shard {TestBytes.Shard(shard)}", TestBytes.Make(length, seed), () => WriteAsync(store, shard, TestBytes.Make(length, seed), i => i == 0 ? 128 : 2 * Block).AsTask());

    /// <summary>Writes a shard in pieces from memory that lies as it will lie in the shard, or elsewhere.</summary>
    /// <param name="length">Of piece i.</param>
    /// <param name="phase">How far behind a block's beginning each piece lies; null: as in the shard.</param>
    private static async ValueTask WriteAsync(LocalStore store, ulong shard, byte[] content, Func<int, int> length, Func<int?>? phase = null)
    {
        await using var writer = await store.BeginAsync(TestBytes.Shard(shard), content.Length, None);
        for (int at = 0, i = 0; at < content.Length; i++)
        {
            var piece = content.AsMemory(at, Math.Min(length(i), content.Length - at));
            var memory = new AlignedBuffer(piece.Length + Block).Memory.Slice(phase?.Invoke() ?? at % Block, piece.Length);
            piece.CopyTo(memory);
            await writer.WriteAsync(memory, None);
            memory.Span.Fill(0xEE); // It was the store's until now.
            at += piece.Length;
        }

        await writer.CommitAsync(None);
    }

    private void NoBlockIsWrittenTwiceOrInTwoWays()
    {
        var seen = new HashSet<(int File, long Block)>();
        foreach (var write in _disk.CopyOperations().Where(operation => operation is { Kind: DiskOperationKind.Write, IsDirect: true }))
        {
            for (var at = 0; at < write.Content!.Length; at += Block)
                seen.Add((write.File, (write.Offset + at) / Block)).ShouldBeTrue();
        }

        foreach (var write in _disk.CopyOperations().Where(operation => operation is { Kind: DiskOperationKind.Write, IsDirect: false }))
        {
            for (var block = write.Offset / Block; block * Block < write.Offset + write.Content!.Length; block++)
                seen.ShouldNotContain((write.File, block));
        }
    }

    /// <summary>Writes to volumes that begin no group and no volume.</summary>
    private DiskOperation[] ExtentWrites() =>
        [.. _disk.CopyOperations().Where(operation => operation.Kind == DiskOperationKind.Write && operation.Path.StartsWith("volumes/", StringComparison.Ordinal) && operation.Offset > 0 && !GroupHeader.HasMagic(operation.Content))];

    private static async Task<byte[]> ReadAsync(LocalStore store, ulong shard)
    {
        var content = new byte[300_000];
        return content[..await store.ReadAsync(TestBytes.Shard(shard), 0, content, None)];
    }
}
