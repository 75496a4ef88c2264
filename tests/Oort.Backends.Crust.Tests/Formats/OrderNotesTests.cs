using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Oort.Backends.Ipfs;
using Oort.Backends.Tests.Formats;
using Oort.Evm;

namespace Oort.Backends.Crust.Tests.Formats;

/// <summary>docs/formats/crust-item.md: its examples, its vectors, and what it says must be rejected.</summary>
public sealed partial class OrderNotesTests
{
    private static readonly Cid abc = Cid.Of(BlockCodec.Raw, "abc"u8);

    public static TheoryData<string> Vectors => [.. Directory.GetFiles(Folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(FormatPage.Root(), "tests", "vectors", "crust-item");

    [Fact]
    public void Examples_OfThePage_AreWhatIsWrittenAndRead()
    {
        new OrderNotes(abc).Write().ShouldBe(Example(0));
        var notes = Signed();
        notes.Write().ShouldBe(Example(1));
        var read = OrderNotes.Read(Example(1));
        (read.Root, read.NotBefore, read.UndoneCount).ShouldBe((abc, notes.NotBefore, (byte)1));
        (read.Order!.Transaction.Hash, read.Order.Signed).ShouldBe((notes.Order!.Transaction.Hash, notes.Order.Signed));
        read.Order.Hashes.ShouldBe([notes.Order.Transaction.Hash, new EvmHash([.. Enumerable.Repeat((byte)0x22, 32)])]);
        read.Write().ShouldBe(Example(1));
        var page = Page();
        page.ShouldContain($"`{read.Order.Transaction.Hash}`");
        page.ShouldContain($"`{read.Order.Transaction.Sender}`");
    }

    [Fact]
    public void Notes_AtTheirLongest_AreProgress()
    {
        // A CID has one length, and the numbers of a transaction at most 32 bytes.
        var order = Signed().Order!;
        order = order with { Earlier = [.. Enumerable.Repeat(order.Transaction.Hash, SignedOrder.EarlierCountMax)] };
        new OrderNotes(abc, DateTimeOffset.MaxValue, byte.MaxValue, order).Write().Length.ShouldBeLessThan(NetworkItem.ProgressSizeMax - 8 * 32);
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Vector_IsReadOrRejectedAsItSays(string name)
    {
        var text = File.ReadAllText(Path.Combine(Folder, name + ".txt"));
        var bytes = Convert.FromHexString(string.Concat(text[text.IndexOf("\n\n", StringComparison.Ordinal)..].Where(char.IsAsciiHexDigit)));
        if (text.Contains("\nexpect: ok\n", StringComparison.Ordinal))
        {
            var notes = OrderNotes.Read(bytes);
            Compare(notes, bytes);
            notes.Write().ShouldBe(bytes);
            return;
        }

        text.ShouldContain("\nexpect: reject\n");
        Rejected(bytes);
    }

    [Fact]
    public void Bytes_CutOffOrChanged_AreRejectedOrReadAsOthers()
    {
        foreach (var example in (byte[][])[Example(0), Example(1)])
        {
            for (var length = 0; length < example.Length; length++) Rejected(example[..length]);
            Rejected([.. example, 0]);
            for (var i = 0; i < example.Length; i++)
            {
                var changed = (byte[])example.Clone();
                changed[i] ^= 0x40;
                try
                {
                    OrderNotes.Read(changed).Write().ShouldBe(changed);
                }
                catch (BackendException e)
                {
                    e.Kind.ShouldBe(BackendErrorKind.Permanent);
                }
            }
        }
    }

    /// <summary>A second reader, made from the page.</summary>
    private static void Compare(OrderNotes notes, byte[] bytes)
    {
        bytes[0].ShouldBe((byte)1);
        notes.Root.ToBytes().ShouldBe(bytes[1..37]);
        (notes.NotBefore?.ToUnixTimeMilliseconds() ?? 0).ShouldBe(BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(37)));
        notes.UndoneCount.ShouldBe(bytes[45]);
        (notes.Order?.Signed.ToUnixTimeMilliseconds() ?? 0).ShouldBe(BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(46)));
        var raw = 55 + bytes[54] * 32;
        (notes.Order?.Earlier ?? []).SelectMany(hash => hash.ToArray()).ShouldBe(bytes[55..raw]);
        (notes.Order?.Transaction.Raw.ToArray() ?? []).ShouldBe(bytes[raw..]);
    }

    private static OrderNotes Signed()
    {
        using var key = EvmKey.FromHex(new string('4', 64));
        var transaction = new FeeMarketTransaction
        {
            ChainId = 1,
            Nonce = 9,
            GasLimit = 112_500,
            To = CrustChain.Ethereum.Contract,
            Value = 2_100_000_000_000,
            Data = StorageOrderContract.Encode(abc.ToString(), 3, isPermanent: false),
            MaxFeePerGas = 2_050_000_000,
            MaxPriorityFeePerGas = 50_000_000,
        };
        return new(abc, DateTimeOffset.UnixEpoch.AddSeconds(1), 1, new(transaction.Sign(key), DateTimeOffset.UnixEpoch.AddSeconds(2), [new([.. Enumerable.Repeat((byte)0x22, 32)])]));
    }

    private static void Rejected(byte[] bytes) => Should.Throw<BackendException>(() => OrderNotes.Read(bytes)).Kind.ShouldBe(BackendErrorKind.Permanent);

    private static string Page() => File.ReadAllText(Path.Combine(FormatPage.Root(), "docs", "formats", "crust-item.md"));

    private static byte[] Example(int index) => Convert.FromHexString(string.Concat(Block().Matches(Page())[index].Groups[1].Value.Where(char.IsAsciiHexDigit)));

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
