using Oort.Backends.Ipfs.Tests.Support;
using Oort.Backends.Ipfs.Tests.UnixFs;

namespace Oort.Backends.Ipfs.Tests.Cars;

public sealed class CarTests
{
    [Fact]
    public async Task Write_BlocksOfAFile_IsWhatTheNaiveReaderReads()
    {
        var car = new MemoryStream();
        var sent = new List<(string, byte[])>();
        long size = 0;
        var file = await UnixFsFile.BuildAsync(new ArraySource(Bytes.Of(1000)), new(64, 3, HasRawLeaves: true, IsVersion0: false), (cid, block, _) =>
        {
            car.Write(Car.Prefix(cid, block.Length));
            car.Write(block.Span);
            size += Car.SizeOf(cid, block.Length);
            sent.Add((Convert.ToHexStringLower(cid.ToBytes()), block.ToArray()));
            return ValueTask.CompletedTask;
        }, CancellationToken.None);
        car.Length.ShouldBe(size);

        var root = Convert.ToHexStringLower(file.Root.ToBytes());
        byte[] whole = [.. Car.Header(file.Root), .. car.ToArray()];
        whole.ShouldEqual(NaiveUnixFs.WriteCar(root, sent));
        NaiveUnixFs.ReadCar(whole).Select(block => block.Name).ShouldBe(sent.Select(block => block.Item1));
    }

    [Fact]
    public async Task Read_EveryTruncation_GivesFewerBlocksOrSaysThatItBrokeOff()
    {
        var (root, blocks) = NaiveUnixFs.Build(Bytes.Of(500), new(200, 3, HasRawLeaves: true, IsVersion0: false));
        var car = NaiveUnixFs.WriteCar(root, blocks.Select(pair => (pair.Key, pair.Value)));
        var whole = await ReadAsync(car);
        whole.Select(block => Convert.ToHexStringLower(block.Cid.ToBytes())).ShouldBe(blocks.Keys);
        whole.Select(block => block.Block.ToArray()).ShouldBe(blocks.Values);

        var ends = 0;
        for (var length = 0; length < car.Length; length++)
        {
            try
            {
                (await ReadAsync(car[..length])).Count.ShouldBeLessThan(blocks.Count);
                ends++;
            }
            catch (BackendException e)
            {
                e.Kind.ShouldBe(BackendErrorKind.Transient, $"{length} bytes");
            }
        }

        // Only between blocks does a CAR end well: after its header and after each block but the last.
        ends.ShouldBe(blocks.Count);
    }

    [Fact]
    public async Task Read_EveryFlippedByte_NeverGivesOtherBytesUnderAName()
    {
        var (root, blocks) = NaiveUnixFs.Build(Bytes.Of(100), new(60, 3, HasRawLeaves: true, IsVersion0: false));
        var car = NaiveUnixFs.WriteCar(root, blocks.Select(pair => (pair.Key, pair.Value)));
        var header = Car.Header(UnixFsTests.CidOf(root)).Length;
        for (var at = 0; at < car.Length; at++)
        {
            try
            {
                var read = await ReadAsync(car.Flipped(at));
                // In the header it is the root or the key's name, which nothing looks at.
                at.ShouldBeLessThan(header);
                read.Count.ShouldBe(blocks.Count);
            }
            catch (BackendException e)
            {
                e.Kind.ShouldBeOneOf(BackendErrorKind.Corrupt, BackendErrorKind.Transient);
            }
        }
    }

    [Fact]
    public async Task Read_WhatIsNoCar_IsCorrupt()
    {
        byte[][] wrong =
        [
            [0x0a, 0xa1, 0x67, .. "version"u8, 0x02], // CARv2
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            [0x80, 0x00],
            "<html><body>A page for people, which is longer than its first byte says</body></html>"u8.ToArray(),
            [.. Car.Header(Cid.Of(BlockCodec.Raw, [])), 0xff, 0xff, 0xff, 0x7f], // a block of 256 MiB
            [.. Car.Header(Cid.Of(BlockCodec.Raw, [])), 5, 1, 2, 3, 4, 5],
        ];
        foreach (var car in wrong)
            (await Should.ThrowAsync<BackendException>(() => ReadAsync(car))).Kind.ShouldBe(BackendErrorKind.Corrupt, Convert.ToHexString(car));
    }

    [Fact]
    public async Task Blocks_InAnyOrderWithMoreAndWithout_AreFoundOrMissed()
    {
        var file = Bytes.Of(600);
        var (root, blocks) = NaiveUnixFs.Build(file, new(50, 4, HasRawLeaves: true, IsVersion0: false));
        var all = blocks.Select(pair => (pair.Key, pair.Value)).ToList();
        byte[] other = [9, 9, 9];
        var stranger = (Convert.ToHexStringLower(Cid.Of(BlockCodec.Raw, other).ToBytes()), other);
        foreach (var order in new[] { all, [.. all.AsEnumerable().Reverse()], [stranger, .. all, .. all] })
        {
            (await ReadFileAsync(root, NaiveUnixFs.WriteCar(root, order), 0, 600)).ShouldBe(file);
            (await ReadFileAsync(root, NaiveUnixFs.WriteCar(root, order), 120, 333)).ShouldBe(file[120..333]);
        }

        foreach (var lost in all)
        {
            var reading = ReadFileAsync(root, NaiveUnixFs.WriteCar(root, all.Where(block => block.Key != lost.Key)), 0, 600);
            (await Should.ThrowAsync<BackendException>(() => reading)).Kind.ShouldBe(BackendErrorKind.Transient);
        }
    }

    [Theory]
    [InlineData(5_000, 8)]
    [InlineData(20, 1 << 20)]
    public async Task Blocks_ThatNobodyAskedFor_AreHeldUpToALimit(int count, int size)
    {
        var strangers = Enumerable.Range(0, count).Select(i => Bytes.Of(size, i)).ToList();
        byte[] wanted = [1, 2, 3];
        var car = NaiveUnixFs.WriteCar(Convert.ToHexStringLower(Cid.Of(BlockCodec.Raw, wanted).ToBytes()), [.. strangers.Append(wanted).Select(block => (Convert.ToHexStringLower(Cid.Of(BlockCodec.Raw, block).ToBytes()), block))]);
        using var reader = new CarReader(new MemoryStream(car), "test");
        var blocks = new CarBlocks(reader, "test");
        (await blocks.GetAsync(Cid.Of(BlockCodec.Raw, wanted), CancellationToken.None)).ToArray().ShouldBe(wanted);
        (await blocks.GetAsync(Cid.Of(BlockCodec.Raw, strangers[^1]), CancellationToken.None)).Length.ShouldBe(size);
        (await Should.ThrowAsync<BackendException>(async () => await blocks.GetAsync(Cid.Of(BlockCodec.Raw, strangers[0]), CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Transient);
    }

    [Fact]
    public async Task Blocks_OfAFileWithEqualChunks_AreTakenOnceOrTwice()
    {
        var file = new byte[400];
        var (root, blocks) = NaiveUnixFs.Build(file, new(50, 4, HasRawLeaves: true, IsVersion0: false));
        blocks.Count.ShouldBeLessThan(6);
        (await ReadFileAsync(root, NaiveUnixFs.WriteCar(root, blocks.Select(pair => (pair.Key, pair.Value))), 0, 400)).ShouldBe(file);
    }

    private static async Task<byte[]> ReadFileAsync(string root, byte[] car, int from, int to)
    {
        var read = new MemoryStream();
        using var reader = new CarReader(new MemoryStream(car), "test");
        var blocks = new CarBlocks(reader, "test");
        await UnixFsReader.ReadAsync(UnixFsTests.CidOf(root), from, to, blocks, run => read.Write(run.Span), CancellationToken.None);
        return read.ToArray();
    }

    private static async Task<List<(Cid Cid, ReadOnlyMemory<byte> Block)>> ReadAsync(byte[] car)
    {
        using var reader = new CarReader(new MemoryStream(car), "test");
        var blocks = new List<(Cid, ReadOnlyMemory<byte>)>();
        while (await reader.NextAsync(CancellationToken.None) is { } next) blocks.Add(next);
        return blocks;
    }
}
