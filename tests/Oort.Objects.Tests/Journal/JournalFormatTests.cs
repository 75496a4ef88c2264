using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Journal;

public sealed class JournalFormatTests
{
    private static readonly JournalLogHeader example = new()
    {
        Cluster = new(77),
        Name = new(new(0xAA), FirstGeneration: 7, Session: 3, Number: 0),
        PreviousGeneration = 6,
        PreviousHash = RecordHash.Read(Enumerable.Repeat((byte)0x11, 32).ToArray()),
        Quorum = 2,
        Salt = [.. Enumerable.Repeat((byte)0x22, 32)],
        Members = [new(1), new(2)],
    };

    [Fact]
    public void Header_ExampleOfThePage_IsWhatIsWritten()
    {
        var page = File.ReadAllLines(Path.Combine(Root(), "docs/formats/journal.md"));
        var from = Array.IndexOf(page, "<!-- example: log header -->") + 2;
        var hex = string.Concat(page.Skip(from).TakeWhile(line => line != "```").Select(line => line.Split('#')[0])).Replace(" ", "", StringComparison.Ordinal);
        Convert.ToHexStringLower(example.ToBytes()).ShouldBe(hex);
        var read = JournalLogHeader.TryRead(Convert.FromHexString(hex)).ShouldNotBeNull();
        read.Name.ShouldBe(example.Name);
        read.Members.ShouldBe(example.Members);
        (read.PreviousGeneration, read.PreviousHash, read.Quorum).ShouldBe((6UL, example.PreviousHash, 2));
    }

    [Fact]
    public void Header_EveryFlippedBitAndTruncation_IsRejected()
    {
        var bytes = example.ToBytes();
        JournalLogHeader.TryRead(bytes).ShouldNotBeNull();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            JournalLogHeader.TryRead(bytes).ShouldBeNull($"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (var length = 0; length < bytes.Length; length++) JournalLogHeader.TryRead(bytes.AsSpan(0, length)).ShouldBeNull($"{length} bytes");
    }

    [Fact]
    public void Header_SavedWithWrongFieldsUnderARightCrc_IsRejected()
    {
        foreach (var (members, quorum) in new[] { (2, 0), (2, 3), (0, 0), (9, 5) })
        {
            var header = example with { Quorum = quorum, Members = [.. Enumerable.Range(1, members).Select(id => new StoreId((UInt128)id))] };
            JournalLogHeader.TryRead(header.ToBytes()).ShouldBeNull($"{members} members, quorum {quorum}");
        }
    }

    [Fact]
    public void Record_EveryFlippedByteAndTruncation_IsRejected()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        using var cipher = keyring.BeginJournal();
        var entry = new JournalEntry(5, 9, new byte[] { 1, 2, 3, 4, 5 });
        var record = JournalRecord.Write(entry, 0, example.PreviousHash, cipher);
        JournalRecord.ReadLength(record).ShouldBe(record.Length);
        JournalRecord.TryRead(record, 0, example.PreviousHash, cipher)!.Changes.ToArray().ShouldBe([1, 2, 3, 4, 5]);
        JournalRecord.TryRead(record, 1, example.PreviousHash, cipher).ShouldBeNull();
        JournalRecord.TryRead(record, 0, RecordHash.None, cipher).ShouldBeNull();
        for (var index = 0; index < record.Length; index++)
        {
            record[index] ^= 0x40;
            var whole = JournalRecord.ReadLength(record) == record.Length;
            (whole && JournalRecord.TryRead(record, 0, example.PreviousHash, cipher) is not null).ShouldBeFalse($"byte {index}");
            record[index] ^= 0x40;
        }

        for (var length = 0; length < JournalRecord.HeadSize; length++) JournalRecord.ReadLength(record.AsSpan(0, length)).ShouldBe(0);
    }

    [Fact]
    public void Name_NearlyRight_IsRejected()
    {
        var name = example.Name.ToString();
        name.ShouldBe("journal/000000000000000000000000000000aa/0000000000000007-3-0");
        JournalLogName.TryParse(name, out var parsed).ShouldBeTrue();
        parsed.ShouldBe(example.Name);
        foreach (var wrong in new[] { name + "/x", name.Replace("-3-", "-03-", StringComparison.Ordinal), name.Replace("-0", "", StringComparison.Ordinal), name.ToUpperInvariant(), name[1..], name.Replace("aa/", "AA/", StringComparison.Ordinal) })
            JournalLogName.TryParse(wrong, out _).ShouldBeFalse(wrong);
    }

    private static string Root()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Oort.sln"))) directory = Path.GetDirectoryName(directory) ?? throw new DirectoryNotFoundException("Oort.sln");
        return directory;
    }
}
