using Oort.Backends.Ipfs.Tests.Support;

namespace Oort.Backends.Ipfs.Tests.Cids;

public sealed class CidTests
{
    private const string RawEmpty = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    private const string LegacyEmpty = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";

    [Fact]
    public void Of_NoBytes_IsTheKnownName()
    {
        Cid.Of(BlockCodec.Raw, []).ToString().ShouldBe(RawEmpty);
        Cid.Of(BlockCodec.DagPb, Convert.FromHexString("0a0408021800"), isVersion0: true).ToString().ShouldBe(LegacyEmpty);
        Should.Throw<ArgumentException>(() => Cid.Of(BlockCodec.Raw, [], isVersion0: true));
    }

    [Fact]
    public void Texts_OfRandomNames_AreWhatTheNaiveOnesSay()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var digest = Bytes.Of(32, seed);
            // Names that begin with zeros are where base 58 goes wrong.
            if (seed % 3 == 0) digest.AsSpan(0, seed % 32).Clear();
            byte[] version1 = [1, seed % 2 == 0 ? (byte)0x55 : (byte)0x70, 0x12, 0x20, .. digest];
            byte[] version0 = [0x12, 0x20, .. digest];

            Cid.TryRead(version1, out var cid).ShouldBeTrue();
            cid.ToBytes().ShouldBe(version1);
            cid.ToString().ShouldBe("b" + NaiveUnixFs.Base32(version1));
            foreach (var text in new[] { cid.ToString(), "z" + NaiveUnixFs.Base58(version1) })
            {
                Cid.TryParse(text, out var parsed).ShouldBeTrue(text);
                parsed.ToBytes().ShouldBe(version1);
            }

            Cid.TryParse(NaiveUnixFs.Base58(version0), out var old).ShouldBeTrue();
            old.ToBytes().ShouldBe(version0);
            old.ToString().ShouldBe(NaiveUnixFs.Base58(version0));
            // The same block in both spellings, if it is a node.
            (old == cid).ShouldBe(cid.Codec == BlockCodec.DagPb);
            old.GetHashCode().ShouldBe(cid.GetHashCode());
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("b")]
    [InlineData("z")]
    [InlineData("Q")]
    [InlineData("afkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")] // without its multibase letter
    [InlineData("BAFKREIHDWDCEFGH4DQKJV67UZCMW7OJEE6XEDZDETOJUZJEVTENXQUVYKU")] // upper case
    [InlineData("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykU")]
    [InlineData("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku=")] // padded
    [InlineData("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykv")] // bits beyond the last byte
    [InlineData("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk")] // a letter short
    [InlineData("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykua")] // a letter long
    [InlineData("zQmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")] // version 0 has no multibase
    [InlineData("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQ")]
    [InlineData("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQHH")]
    [InlineData("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQ0")] // 0 is no letter of base 58
    [InlineData("bafkqaaa")] // the identity hash
    [InlineData("bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy")] // dag-cbor
    public void Parse_WhatIsNoNameOfOurs_IsRefused(string? text) => Cid.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Read_EveryOtherPrefixAndLength_IsRefused()
    {
        var bytes = Cid.Of(BlockCodec.Raw, [1]).ToBytes();
        for (var i = 0; i < 4; i++)
        {
            for (var value = 0; value < 256; value++)
            {
                var other = (byte[])bytes.Clone();
                other[i] = (byte)value;
                Cid.TryRead(other, out Cid _).ShouldBe(value == bytes[i] || (i == 1 && value == (byte)BlockCodec.DagPb), $"byte {i} = {value}");
            }
        }

        for (var length = 0; length < bytes.Length; length++) Cid.TryRead(bytes.AsSpan(0, length), out Cid _).ShouldBeFalse();
        Cid.TryRead([.. bytes, 0], out Cid _).ShouldBeFalse();
        Cid.TryRead([.. bytes, 0], out _, out var size).ShouldBeTrue();
        size.ShouldBe(bytes.Length);
    }

    [Fact]
    public void Varint_AllWidths_AreReadAsWrittenAndInNoOtherForm()
    {
        Span<byte> bytes = stackalloc byte[Varint.SizeMax + 1];
        foreach (var value in new[] { 0, 1, 0x7f, 0x80, 0x3fff, 0x4000, int.MaxValue, long.MaxValue })
        {
            var size = Varint.Write(bytes, value);
            size.ShouldBe(Varint.SizeOf(value));
            Varint.TryRead(bytes[..size], out var read, out var taken).ShouldBeTrue();
            (read, taken).ShouldBe((value, size));
            Varint.TryRead(bytes[..(size - 1)], out _, out _).ShouldBeFalse();
            // A zero more at the end says the same in a longer form.
            bytes[size - 1] |= 0x80;
            bytes[size] = 0;
            Varint.TryRead(bytes[..(size + 1)], out _, out _).ShouldBeFalse();
        }

        Varint.TryRead([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], out _, out _).ShouldBeFalse();
    }
}
