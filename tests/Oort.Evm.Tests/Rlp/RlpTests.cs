using System.Numerics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Oort.Evm.Tests.Support;
using Shouldly;

namespace Oort.Evm.Tests.Rlp;

public sealed class RlpTests
{
    [Fact]
    public void Encode_TheExamplesOfTheYellowPaper_IsTheirs()
    {
        RlpEncoder.Bytes("dog"u8).ShouldBe([0x83, .. "dog"u8]);
        RlpEncoder.List(RlpEncoder.Bytes("cat"u8), RlpEncoder.Bytes("dog"u8)).ShouldBe([0xc8, 0x83, .. "cat"u8, 0x83, .. "dog"u8]);
        RlpEncoder.Bytes([]).ShouldBe([0x80]);
        RlpEncoder.List().ShouldBe([0xc0]);
        RlpEncoder.Number(0).ShouldBe([0x80]);
        RlpEncoder.Bytes([0]).ShouldBe([0x00]);
        RlpEncoder.Number(15).ShouldBe([0x0f]);
        RlpEncoder.Number(127).ShouldBe([0x7f]);
        RlpEncoder.Number(128).ShouldBe([0x81, 0x80]);
        RlpEncoder.Number(1024).ShouldBe([0x82, 0x04, 0x00]);
        // Nought, one and two of set theory.
        var empty = RlpEncoder.List();
        RlpEncoder.List(empty, RlpEncoder.List(empty), RlpEncoder.List(empty, RlpEncoder.List(empty))).ShouldBe([0xc7, 0xc0, 0xc1, 0xc0, 0xc3, 0xc0, 0xc1, 0xc0]);
        var lorem = Encoding.ASCII.GetBytes("Lorem ipsum dolor sit amet, consectetur adipisicing elit");
        RlpEncoder.Bytes(lorem).ShouldBe([0xb8, 0x38, .. lorem]);
    }

    [Theory]
    [InlineData(55, 1)]
    [InlineData(56, 2)]
    [InlineData(255, 2)]
    [InlineData(256, 3)]
    [InlineData(65_535, 3)]
    [InlineData(65_536, 4)]
    public void Encode_AroundEachLength_HasTheShortestHead(int length, int headSize)
    {
        var bytes = new byte[length];
        RlpEncoder.Bytes(bytes).Length.ShouldBe(headSize + length);
        RlpItem.Decode(RlpEncoder.Bytes(bytes)).Bytes.Length.ShouldBe(length);
        var list = RlpEncoder.List([.. Enumerable.Repeat(RlpEncoder.Bytes([1]), Math.Min(length, 9000))]);
        RlpItem.Decode(list).Items.Count.ShouldBe(Math.Min(length, 9000));
    }

    [Theory]
    [InlineData("0x", "nothing")]
    [InlineData("0x8100", "a length before a byte that stands for itself")]
    [InlineData("0x817f", "the same")]
    [InlineData("0x83646f", "a string cut short")]
    [InlineData("0xb80161", "a long form of one")]
    [InlineData("0xb83700112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566", "a long form of 55")]
    [InlineData("0xf801c0", "a long form of one")]
    [InlineData("0xb9003800112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0011223344556677", "a length with a leading zero")]
    [InlineData("0xf900380000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "a length with a leading zero")]
    [InlineData("0xb8", "no length")]
    [InlineData("0xbfffffffffffffffff", "a length of 64 bits")]
    [InlineData("0xbb80000000", "a length of 32 bits")]
    [InlineData("0xc1", "a list cut short")]
    [InlineData("0xc28363", "an item beyond its list")]
    [InlineData("0xf7", "a list cut short")]
    [InlineData("0xf800", "a long form of nought")]
    [InlineData("0xffffffffffffffffff", "a list of 64 bits")]
    [InlineData("0x8080", "two items")]
    [InlineData("0xc000", "two items")]
    public void Decode_WhatIsNotCanonical_IsRefused(string encoding, string what) => Mutations.ShouldBeMalformed(() => RlpItem.Decode(EvmHex.Decode(encoding)).ShouldBeNull(what));

    [Theory]
    [InlineData("0x00", false)]
    [InlineData("0x01", true)]
    [InlineData("0x80", true)]
    [InlineData("0x820001", false)]
    [InlineData("0xc0", false)]
    public void Number_WithLeadingZeros_IsRefused(string encoding, bool isNumber)
    {
        var item = RlpItem.Decode(EvmHex.Decode(encoding));
        if (isNumber) item.Number.ShouldBeGreaterThanOrEqualTo(0);
        else Mutations.ShouldBeMalformed(() => _ = item.Number);
    }

    [Fact]
    public void Number_AboveItsBits_IsRefused()
    {
        RlpItem.Decode(RlpEncoder.Number(BigInteger.Pow(2, 256) - 1)).Number.ShouldBe(BigInteger.Pow(2, 256) - 1);
        Mutations.ShouldBeMalformed(() => _ = RlpItem.Decode(RlpEncoder.Number(BigInteger.Pow(2, 256))).Number);
        RlpItem.Decode(RlpEncoder.Number(ulong.MaxValue)).Number64.ShouldBe(ulong.MaxValue);
        Mutations.ShouldBeMalformed(() => _ = RlpItem.Decode(RlpEncoder.Number((BigInteger)ulong.MaxValue + 1)).Number64);
    }

    [Fact]
    public void Decode_TooDeepOrTooMany_IsRefused()
    {
        RlpItem.Decode(Nested(16)).IsList.ShouldBeTrue();
        Mutations.ShouldBeMalformed(() => RlpItem.Decode(Nested(17)));
        Mutations.ShouldBeMalformed(() => RlpItem.Decode(Nested(2_000)));
        RlpItem.Decode(Flat(9_999)).Items.Count.ShouldBe(9_999);
        Mutations.ShouldBeMalformed(() => RlpItem.Decode(Flat(10_000)));

        static byte[] Nested(int depth)
        {
            var list = RlpEncoder.List();
            for (var i = 0; i < depth; i++) list = RlpEncoder.List(list);
            return list;
        }

        static byte[] Flat(int count) => RlpEncoder.List([.. Enumerable.Repeat(RlpEncoder.List(), count)]);
    }

    [Fact]
    public void Decode_AnyBytes_ReadsOnlyWhatWouldBeWrittenSo()
    {
        var near = from seed in Gen.Choose(0, int.MaxValue) select Mutated(seed);
        var (read, refused) = (0, 0);
        Prop.ForAll(near.ToArbitrary(), bytes =>
        {
            try
            {
                var item = RlpItem.Decode(bytes);
                read++;
                return Encode(item).AsSpan().SequenceEqual(bytes);
            }
            catch (EvmException)
            {
                refused++;
                return true;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
        read.ShouldBeGreaterThan(100);
        refused.ShouldBeGreaterThan(100);
    }

    /// <summary>An encoding with up to two bytes changed, or cut.</summary>
    private static byte[] Mutated(int seed)
    {
        var random = new Random(seed);
        var bytes = Any(random, 0);
        for (var changes = random.Next(3); changes > 0; changes--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return random.Next(8) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    private static byte[] Any(Random random, int depth)
    {
        if (depth < 4 && random.Next(2) == 0) return RlpEncoder.List([.. Enumerable.Range(0, random.Next(5)).Select(_ => Any(random, depth + 1))]);
        var bytes = new byte[random.Next(4) == 0 ? random.Next(300) : random.Next(3)];
        random.NextBytes(bytes);
        return RlpEncoder.Bytes(bytes);
    }

    private static byte[] Encode(RlpItem item) => item.IsList ? RlpEncoder.List([.. item.Items.Select(Encode)]) : RlpEncoder.Bytes(item.Bytes.Span);
}
