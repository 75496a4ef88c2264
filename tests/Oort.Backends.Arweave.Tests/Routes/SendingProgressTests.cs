using System.Text.RegularExpressions;
using Oort.Backends.Arweave.Routes;
using Oort.Backends.Arweave.Tests.Support;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Routes;

/// <summary>docs/formats/arweave-item.md.</summary>
public sealed partial class SendingProgressTests
{
    public static TheoryData<string> Names => NamesOf(isLocator: false);

    public static TheoryData<string> LocatorNames => NamesOf(isLocator: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var (expect, bytes) = Read(name);
        var progress = SendingProgress.Decode(bytes);
        (progress is null ? "reject" : "ok").ShouldBe(expect);
        progress?.Encode().ShouldBe(bytes);
    }

    [Fact]
    public void Page_Example_IsTheVector()
    {
        var page = File.ReadAllText(Path.Combine(Vectors.Root, "docs", "formats", "arweave-item.md"));
        var bytes = Convert.FromHexString(Blank().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(Read("item").Bytes);
        var progress = SendingProgress.Decode(bytes)!;
        (progress.Kind, progress.LossCount, progress.SignedHeight, progress.SentLength, progress.Since, progress.IsMined, progress.Upload).ShouldBe((SendingKind.Item, (ushort)1, 0, 0, null, false, "u1"));
        progress.Header.ToArray().ShouldBe("abcd"u8.ToArray());
    }

    [Theory]
    [MemberData(nameof(LocatorNames))]
    public void DecodeLocator_Vector_EndsAsItExpects(string name)
    {
        var (expect, bytes) = Read(name);
        var locator = ItemLocator.Decode(bytes);
        (locator is null ? "reject" : "ok").ShouldBe(expect);
        locator?.Encode().ShouldBe(bytes);
        var receipt = new NetworkReceipt { Locator = bytes, Address = "there" };
        if (locator is null) Should.Throw<BackendException>(() => ItemLocator.Of(receipt)).Kind.ShouldBe(BackendErrorKind.Permanent);
        else ItemLocator.Of(receipt).Length.ShouldBe(locator.Length);
    }

    [Fact]
    public void Page_SecondExample_IsTheLocator()
    {
        var page = File.ReadAllText(Path.Combine(Vectors.Root, "docs", "formats", "arweave-item.md"));
        var bytes = Convert.FromHexString(Blank().Replace(Hex().Matches(page)[1].Groups[1].Value, ""));
        bytes.ShouldBe(Read("locator").Bytes);
        var locator = ItemLocator.Decode(bytes)!;
        (locator.Length, locator.Id[31]).ShouldBe((262_145, (byte)31));
    }

    [Fact]
    public void Decode_Confirmed_HasSinceWhen() =>
        SendingProgress.Decode(Read("item-confirmed").Bytes)!.Since.ShouldBe(DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000));

    [Fact]
    public void Decode_UploadInParts_HasWhatWasSent()
    {
        var progress = SendingProgress.Decode(Read("item-parts").Bytes)!;
        (progress.Kind, progress.SentLength, progress.Upload).ShouldBe((SendingKind.Item, 3000, "u1"));
    }

    [Fact]
    public void Decode_Transaction_HasEveryField()
    {
        var progress = SendingProgress.Decode(Read("transaction").Bytes)!;
        (progress.Kind, progress.LossCount, progress.SignedHeight, progress.SentLength, progress.IsMined).ShouldBe((SendingKind.Transaction, (ushort)0, 1_500_000, 262_144, true));
        progress.Since.ShouldBe(DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000));
    }

    [Fact]
    public void Decode_EveryTruncation_IsRejected()
    {
        foreach (var name in (string[])["item", "transaction"])
        {
            var bytes = Read(name).Bytes;
            for (var length = 0; length < bytes.Length; length++) SendingProgress.Decode(bytes.AsSpan(0, length)).ShouldBeNull();
        }
    }

    [Fact]
    public void Of_NotesOfTheOtherWay_TellsTheOperator()
    {
        var item = new MemorySource([1]).Item() with { Progress = Read("transaction").Bytes };
        SendingProgress.Of(item, SendingKind.Transaction).SignedHeight.ShouldBe(1_500_000);
        Should.Throw<BackendException>(() => SendingProgress.Of(item, SendingKind.Item)).Kind.ShouldBe(BackendErrorKind.Unauthorized);
    }

    private static TheoryData<string> NamesOf(bool isLocator) =>
    [
        .. Directory.GetFiles(Path.Combine(Vectors.Root, "tests", "vectors", "arweave-item"), "*.txt")
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Where(name => name.StartsWith("locator", StringComparison.Ordinal) == isLocator)
            .Order(StringComparer.Ordinal),
    ];

    private static (string Expect, byte[] Bytes) Read(string name)
    {
        var text = File.ReadAllText(Path.Combine(Vectors.Root, "tests", "vectors", "arweave-item", name + ".txt")).Split("\n\n", 2);
        return (text[0].Split("expect: ")[1].Trim(), Convert.FromHexString(Blank().Replace(text[1], "")));
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Blank();
}
