using System.Security.Cryptography;
using Oort.Backends.Suite;
using Shouldly;

namespace Oort.Backends.Filecoin.Tests.Pieces;

public sealed class PieceCidTests
{
    /// <summary>Bytes, and what they are called.</summary>
    public static IEnumerable<(string Name, byte[] Bytes, string V1, string V2)> Cases()
    {
        foreach (var item in Vectors.Pieces.GetProperty("go_fil_commp_hashhash").EnumerateArray())
        {
            var bytes = new byte[item.GetProperty("raw_size").GetInt32()];
            bytes.AsSpan().Fill(item.GetProperty("fill").GetByte());
            yield return ($"{bytes.Length} × {item.GetProperty("fill").GetByte()}", bytes, item.Text("piece_cid_v1"), item.Text("piece_cid_v2"));
        }

        foreach (var item in Vectors.Pieces.GetProperty("frc_0069").EnumerateArray())
        {
            var bytes = new byte[item.GetProperty("raw_size").GetInt32()];
            if (item.Text("name") is not ("empty" or "127 zeros" or "128 zeros")) for (var i = 0; i < 508; i++) bytes[i] = (byte)(i / 127);
            yield return (item.Text("name"), bytes, item.Text("piece_cid_v1"), item.Text("piece_cid_v2"));
        }

        foreach (var item in Vectors.Pieces.GetProperty("own_pattern").GetProperty("cases").EnumerateArray())
        {
            var bytes = Pattern(item.GetProperty("raw_size").GetInt32());
            yield return ($"pattern {bytes.Length}", bytes, item.Text("piece_cid_v1"), item.Text("piece_cid_v2"));
        }
    }

    [Fact]
    public void Of_TheBytesOfEveryVector_IsItsCid()
    {
        var count = 0;
        foreach (var (name, bytes, v1, v2) in Cases())
        {
            var cid = PieceCid.Of(bytes);
            cid.ToString().ShouldBe(v2, name);
            cid.ToV1().ShouldBe(v1, name);
            cid.Length.ShouldBe(bytes.Length, name);
            count++;
        }

        count.ShouldBe(36 + 7 + 6);
    }

    [Fact]
    public void Of_BytesWithOneChange_IsAnother()
    {
        foreach (var (name, bytes, _, v2) in Cases().Where(item => item.Bytes.Length <= 1_024))
        {
            foreach (var changed in Vectors.Flipped(bytes)) PieceCid.Of(changed).ToString().ShouldNotBe(v2, name);
            if (bytes.Length > 0) PieceCid.Of(bytes.AsSpan(..^1)).ToString().ShouldNotBe(v2, name);
            PieceCid.Of([.. bytes, 0]).ToString().ShouldNotBe(v2, name);
        }
    }

    [Fact]
    public void Parse_EveryVector_IsWhatItSays()
    {
        foreach (var (name, bytes, v1, v2) in Cases())
        {
            PieceCid.TryParse(v2, out var cid).ShouldBeTrue(name);
            cid.ShouldBe(PieceCid.Of(bytes), name);
            PieceCid.TryRead(cid!.ToArray(), out var read).ShouldBeTrue(name);
            read!.ToString().ShouldBe(v2, name);
            PieceCid.TryParseV1(v1, out var root).ShouldBeTrue(name);
            root.ShouldBe(cid.Root.ToArray(), name);
            PieceCid.TryParse(v1, out _).ShouldBeFalse();
            PieceCid.TryParseV1(v2, out _).ShouldBeFalse();
        }
    }

    [Fact]
    public void Parse_ATextWithOneChange_IsAnotherOrNone()
    {
        foreach (var (name, bytes, v1, v2) in Cases())
        {
            for (var i = 0; i < v2.Length; i++)
            {
                foreach (var other in "a7BbZ=-")
                {
                    var changed = v2[..i] + other + v2[(i + 1)..];
                    if (changed == v2 || !PieceCid.TryParse(changed, out var cid)) continue;
                    cid.ShouldNotBe(PieceCid.Of(bytes), name);
                    // What is read has one text alone.
                    cid.ToString().ShouldBe(changed, name);
                }
            }

            for (var length = 0; length < v2.Length; length++) PieceCid.TryParse(v2[..length], out _).ShouldBeFalse($"{name} cut at {length}");
            for (var length = 0; length < v1.Length; length++) PieceCid.TryParseV1(v1[..length], out _).ShouldBeFalse($"{name} cut at {length}");
            PieceCid.TryParse(v2 + "a", out _).ShouldBeFalse();
            PieceCid.TryParse(v2.ToUpperInvariant(), out _).ShouldBeFalse();
            PieceCid.TryParseV1(v1 + "a", out _).ShouldBeFalse();
        }

        PieceCid.TryParse(null, out _).ShouldBeFalse();
    }

    [Theory]
    // Padding in two bytes that fits one; padding of nine bytes; half a tree of padding; a whole quad of it above the smallest; a root whose highest bits are set; heights that are none.
    [InlineData("01559120 23 8000 03", 0x00)]
    [InlineData("01559120 2A 808080808080808001 03", 0x00)]
    [InlineData("01559120 22 7F 03", 0x00)]
    [InlineData("01559120 23 8001 02", 0x00)]
    [InlineData("01559120 22 00 03", 0x40)]
    [InlineData("01559120 22 00 01", 0x00)]
    [InlineData("01559120 22 00 33", 0x00)]
    [InlineData("01559120 21 00 03", 0x00)]
    [InlineData("01559121 22 00 03", 0x00)]
    [InlineData("01559120 22 80 03", 0x00)]
    public void Read_WhatIsNoCid_IsRefused(string head, byte last)
    {
        byte[] bytes = [.. Convert.FromHexString(head.Replace(" ", "", StringComparison.Ordinal)), .. new byte[31], last];
        PieceCid.TryRead(bytes, out _).ShouldBeFalse();
        PieceCid.TryRead([.. Convert.FromHexString("01559120227E03"), .. new byte[32]], out _).ShouldBeTrue("the nearest that is one");
    }

    [Fact]
    public void Fr32_OfRandomBytes_IsThatOfANaiveOne()
    {
        for (var seed = 1; seed <= 100; seed++)
        {
            var quad = TestBytes.Make(Fr32.QuadSize, seed);
            var naive = new byte[Fr32.ExpandedSize];
            for (var bit = 0; bit < 8 * Fr32.QuadSize; bit++)
            {
                var target = bit / 254 * 256 + bit % 254;
                if ((quad[bit / 8] >> bit % 8 & 1) != 0) naive[target / 8] |= (byte)(1 << target % 8);
            }

            var expanded = new byte[Fr32.ExpandedSize];
            expanded.AsSpan().Fill(0xFF);
            Fr32.Expand(quad, expanded);
            expanded.ShouldBe(naive);
        }
    }

    [Fact]
    public void Append_InPiecesOfAnyLength_GivesTheSameRoot()
    {
        var bytes = Pattern(5_003);
        var height = PieceTree.HeightOf(bytes.Length);
        var whole = SubtreeHasher.Hash(bytes, height);
        foreach (var step in (int[])[1, 2, 126, 127, 128, 253, 254, 1_000, 5_002])
        {
            var hasher = new SubtreeHasher();
            for (var offset = 0; offset < bytes.Length; offset += step) hasher.Append(bytes.AsSpan(offset, Math.Min(step, bytes.Length - offset)));
            hasher.Finish(height).ShouldBe(whole, $"in steps of {step}");
        }

        Should.Throw<ArgumentException>(() => SubtreeHasher.Hash(bytes, height - 1));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(127, 1)]
    [InlineData(65_024, 1)]
    [InlineData(65_025, 2)]
    [InlineData(64 * 65_024, 64)]
    [InlineData(64 * 65_024 + 1, 33)]
    [InlineData(1_065_353_216, 64)]
    public void Blocks_OfALength_AreFew(long length, int count)
    {
        PieceBlocks.CountOf(length).ShouldBe(count);
        (PieceBlocks.SizeOf(length) * count).ShouldBeGreaterThanOrEqualTo(length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(65_024)]
    [InlineData(65_025)]
    [InlineData(700_000)]
    [InlineData(2 * 1_040_384 + 5)]
    [InlineData(9_000_000)]
    public async Task Blocks_OfASource_MakeItsCidAndEachItsOwnBytes(int length)
    {
        var bytes = Pattern(length);
        var item = new NetworkItem { Id = new(1), Length = length, Sha256 = SHA256.HashData(bytes) };
        foreach (var threadCount in (int[])[1, 3])
        {
            var blocks = await PieceBlocks.ComputeAsync(item, new MemorySource(bytes), threadCount, CancellationToken.None);
            blocks.Cid.ShouldBe(PieceCid.Of(bytes));
            var size = (int)PieceBlocks.SizeOf(length);
            for (var index = 0; index < PieceBlocks.CountOf(length); index++)
                SubtreeHasher.Hash(bytes.AsSpan(index * size, Math.Min(size, length - index * size)), PieceBlocks.HeightOf(length)).ShouldBe(blocks[index].ToArray());
            PieceBlocks.Of(length, blocks.Roots).Cid.ShouldBe(blocks.Cid);
        }
    }

    [Fact]
    public async Task Blocks_OfASourceWithOtherBytes_AreRefused()
    {
        var bytes = Pattern(1_000);
        var item = new NetworkItem { Id = new(1), Length = bytes.Length, Sha256 = SHA256.HashData(bytes) };
        foreach (var wrong in Vectors.Flipped(bytes).Take(20).Append(bytes[..^1]).Append([.. bytes, 0]))
            (await Should.ThrowAsync<BackendException>(() => PieceBlocks.ComputeAsync(item, new MemorySource(wrong), 2, CancellationToken.None).AsTask())).Kind.ShouldBe(BackendErrorKind.Corrupt);
    }

    private static byte[] Pattern(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++) bytes[i] = (byte)(i * 7 + (i >> 8) * 13 + 1);
        return bytes;
    }
}
