using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using Oort.Evm.Tests.Support;
using Shouldly;

namespace Oort.Evm.Tests.Abi;

public sealed class CodecTests
{
    private const string Word = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>The examples of the ABI's specification.</summary>
    [Fact]
    public void Encode_TheExamplesOfTheSpecification_IsTheirs()
    {
        Call("baz(uint32,bool)", 69, true).ShouldBe("0xcdcd77c0" + Number(69) + Number(1));
        Call("bar(bytes3[2])", (object)new object[] { "abc"u8.ToArray(), "def"u8.ToArray() }).ShouldBe("0xfce353f6" + Left("616263") + Left("646566"));
        Call("sam(bytes,bool,uint256[])", "dave"u8.ToArray(), true, new BigInteger[] { 1, 2, 3 })
            .ShouldBe("0xa5643bf2" + Number(0x60) + Number(1) + Number(0xa0) + Number(4) + Left("64617665") + Number(3) + Number(1) + Number(2) + Number(3));
        Call("f(uint256,uint32[],bytes10,bytes)", 0x123, new BigInteger[] { 0x456, 0x789 }, "1234567890"u8.ToArray(), "Hello, world!"u8.ToArray())
            .ShouldBe("0x8be65246" + Number(0x123) + Number(0x80) + Left("31323334353637383930") + Number(0xe0) + Number(2) + Number(0x456) + Number(0x789) + Number(13) + Left("48656c6c6f2c20776f726c6421"));
        Call("g(uint256[][],string[])", new object[] { new BigInteger[] { 1, 2 }, new BigInteger[] { 3 } }, new object[] { "one", "two", "three" })
            .ShouldBe("0x2289b18c" + Number(0x40) + Number(0x140)
                + Number(2) + Number(0x40) + Number(0xa0) + Number(2) + Number(1) + Number(2) + Number(1) + Number(3)
                + Number(3) + Number(0x60) + Number(0xa0) + Number(0xe0) + Number(3) + Left("6f6e65") + Number(3) + Left("74776f") + Number(5) + Left("7468726565"));

        static string Call(string signature, params object[] values) => EvmHex.Encode(new AbiFunction(signature).Encode(values));
    }

    [Fact]
    public void Decode_AnyValues_IsWhatWasEncoded_AndNothingElseIsRead()
    {
        var (read, refused) = (0, 0);
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var names = $"({string.Join(',', Enumerable.Range(0, random.Next(1, 4)).Select(_ => AnyValues.Type(random, 0)))})";
            var types = AbiParser.ReadTypes(names);
            var values = types.Select(type => AnyValues.Value(type, random)).ToArray();
            var encoding = AbiEncoder.Encode(types, values);
            AnyValues.Show(AbiDecoder.Decode(types, encoding)).ShouldBe(AnyValues.Show(values), names);
            Mutations.ShouldBeMalformed(() => AbiDecoder.Decode(types, [.. encoding, .. new byte[32]]));
            Mutations.ShouldBeMalformed(() => AbiDecoder.Decode(types, encoding.AsSpan(0, random.Next(encoding.Length))));

            // Whatever else is read is the one encoding of other values.
            for (var round = 0; round < 20; round++)
            {
                var changed = encoding.ToArray();
                changed[random.Next(4) == 0 ? random.Next(changed.Length) : random.Next(changed.Length / 32) * 32 + 31] ^= (byte)(1 << random.Next(8));
                try
                {
                    AbiEncoder.Encode(types, AbiDecoder.Decode(types, changed)).ShouldBe(changed, names);
                    read++;
                }
                catch (EvmException e)
                {
                    e.Kind.ShouldBe(EvmErrorKind.Malformed);
                    refused++;
                }
            }

            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));
        read.ShouldBeGreaterThan(400);
        refused.ShouldBeGreaterThan(400);
    }

    [Theory]
    [InlineData("(uint8)", "0100", "a number above its bits")]
    [InlineData("(int8)", "0080", "a number above its bits")]
    [InlineData("(bool)", "02", "neither true nor false")]
    public void Decode_AWordAboveItsType_IsRefused(string types, string end, string what) =>
        Mutations.ShouldBeMalformed(() => AbiDecoder.Decode(types, EvmHex.Decode("0x" + Word[end.Length..] + end)).ShouldBeNull(what));

    [Theory]
    [InlineData("(uint8)", "ff")]
    [InlineData("(int8)", "7f")]
    [InlineData("(bool)", "01")]
    public void Decode_AWordAtItsHighest_IsRead(string types, string end) => AbiDecoder.Decode(types, EvmHex.Decode("0x" + Word[end.Length..] + end)).Length.ShouldBe(1);

    [Fact]
    public void Decode_NegativeNumbers_AreSignExtended()
    {
        AbiDecoder.Decode("(int8,int256)", AbiEncoder.Encode("(int8,int256)", -128, -1)).ShouldBe([(BigInteger)(-128), (BigInteger)(-1)]);
        var notExtended = AbiEncoder.Encode("(int8)", -1);
        notExtended[0] = 0;
        Mutations.ShouldBeMalformed(() => AbiDecoder.Decode("(int8)", notExtended));
    }

    [Fact]
    public void Decode_AddressOrBytesWithRubbishBeside_IsRefused()
    {
        Mutations.ShouldBeMalformed(() => AbiDecoder.Decode("(address)", EvmHex.Decode("0x01" + Word[2..])));
        Mutations.ShouldBeMalformed(() => AbiDecoder.Decode("(bytes4)", EvmHex.Decode("0x" + Word[2..] + "01")));
        Mutations.ShouldBeMalformed(() => AbiDecoder.Decode("(bytes)", EvmHex.Decode("0x" + Number(32) + Number(1) + Word[2..] + "01")));
        Mutations.ShouldBeMalformed(() => AbiDecoder.Decode("(string)", EvmHex.Decode("0x" + Number(32) + Number(1) + Left("ff"))));
    }

    [Theory]
    [InlineData("7fffffff")]
    [InlineData("ffffffff")]
    [InlineData("ffffffffffffffff")]
    [InlineData("1000000000000000000000000000000000000000000000000000000000000001")]
    public void Decode_LengthsBeyondTheData_AreRefusedBeforeThereIsRoomForThem(string length)
    {
        var word = Word[length.Length..] + length;
        foreach (var type in (string[])["bytes", "string", "uint256[]", "(bytes,uint8)[]", "bytes[2][]", "uint8[3][]"])
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Mutations.ShouldBeMalformed(() => AbiDecoder.Decode($"({type})", EvmHex.Decode("0x" + Number(32) + word)));
            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20, type);
        }
    }

    [Fact]
    public void Decode_MoreThan16MiB_IsRefused()
    {
        const int wordsBefore = 2 * 32;
        AbiDecoder.Decode("(bytes)", AbiEncoder.Encode("(bytes)", new byte[(16 << 20) - wordsBefore])).Length.ShouldBe(1);
        Mutations.ShouldBeMalformed(() => AbiDecoder.Decode("(bytes)", AbiEncoder.Encode("(bytes)", new byte[(16 << 20) - wordsBefore + 1])));
    }

    [Fact]
    public void Decode_OffsetsThatRepeat_AreRefused()
    {
        // Two elements in one place: legal by the specification, written by no compiler, and the seed of bombs.
        Mutations.ShouldBeMalformed(() => AbiDecoder.Decode("(bytes[])", EvmHex.Decode("0x" + Number(32) + Number(2) + Number(64) + Number(64) + Number(1) + Left("aa"))));
        AbiDecoder.Decode("(bytes[])", EvmHex.Decode("0x" + Number(32) + Number(2) + Number(64) + Number(128) + Number(1) + Left("aa") + Number(1) + Left("bb"))).Length.ShouldBe(1);
    }

    [Theory]
    [InlineData("uint")]
    [InlineData("uint0")]
    [InlineData("uint7")]
    [InlineData("uint264")]
    [InlineData("uint08")]
    [InlineData("bytes0")]
    [InlineData("bytes33")]
    [InlineData("bytes032")]
    [InlineData("address payable")]
    [InlineData("uint8[0]")]
    [InlineData("uint8[01]")]
    [InlineData("uint8[-1]")]
    [InlineData("uint8[32769]")]
    [InlineData("uint8[")]
    [InlineData("uint8[]]")]
    [InlineData("()")]
    [InlineData("()[]")]
    [InlineData("(uint8")]
    [InlineData("(uint8,)")]
    [InlineData("")]
    [InlineData("uint8[32768][32768]")]
    [InlineData("uint8[][][][][][][][][][][][][][][][][]")]
    public void Type_ThatIsNone_IsRefused(string text) => Should.Throw<ArgumentException>(() => AbiType.Parse(text));

    [Theory]
    [InlineData("uint8")]
    [InlineData("uint256[3][]")]
    [InlineData("(address,(bytes32,string)[2],bool)[]")]
    [InlineData("uint8[][][][][][][][][][][][][][][][]")]
    public void Type_KeepsItsName(string text) => AbiType.Parse(text).Name.ShouldBe(text);

    [Fact]
    public void Encode_ValuesOfOtherTypes_IsRefused()
    {
        (string Types, object[] Values)[] wrong =
        [
            ("(uint8)", [256]), ("(uint8)", [-1]), ("(int8)", [128]), ("(int8)", [-129]), ("(uint8)", ["1"]), ("(bool)", [1]), ("(address)", ["0x"]), ("(bytes4)", [new byte[3]]), ("(bytes4)", [new byte[5]]),
            ("(string)", [new byte[1]]), ("(bytes)", ["x"]), ("(uint8[2])", [new object[] { 1 }]), ("(uint8[])", [1]), ("((uint8,bool))", [new object[] { 1 }]), ("(uint8)", []), ("(uint8)", [1, 2]), ("()", [1]), ("(string)", ["\ud800"]),
        ];
        foreach (var (types, values) in wrong) Should.Throw<ArgumentException>(() => AbiEncoder.Encode(types, values), $"{types}");
        AbiEncoder.Encode("()").ShouldBeEmpty();
        AbiDecoder.Decode("()", []).ShouldBeEmpty();
    }

    private static string Number(int value) => value.ToString("x64", System.Globalization.CultureInfo.InvariantCulture);

    private static string Left(string digits) => digits + Word[digits.Length..];
}
