using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Sqlite;

namespace Oort.Metadata.Tests.Changes;

/// <summary>Page, vectors and program say the same (docs/formats/journal.md §6 to §8).</summary>
public sealed class ChangeFormatTests
{
    public static TheoryData<string> Vectors =>
        [.. Directory.GetFiles(ChangeVector.Folder, "changes-*.txt").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Vector_IsReadOrRejectedAsItSays(string name)
    {
        var vector = ChangeVector.Load(name);
        if (vector.Expect == "ok") DecodeAll(vector.Bytes);
        else Should.Throw<MetadataFormatException>(() => DecodeAll(vector.Bytes));
    }

    [Fact]
    public void Writer_TheRowsOfTheVectors_WritesTheirBytes()
    {
        ExampleChanges.Put().ShouldBe(ChangeVector.Load("changes-put.txt").Bytes);
        ExampleChanges.EveryTable().ShouldBe(ChangeVector.Load("changes-every-table.txt").Bytes);
        ExampleChanges.Items().ShouldBe(ChangeVector.Load("changes-items.txt").Bytes);
        ExampleChanges.Restored().ShouldBe(ChangeVector.Load("changes-restored.txt").Bytes);
        ExampleChanges.Nested().ShouldBe(ChangeVector.Load("changes-nested.txt").Bytes);
        ExampleChanges.Buckets().ShouldBe(ChangeVector.Load("changes-buckets.txt").Bytes);
    }

    [Fact]
    public void Reader_ARestoredCopy_IsToldFromTheBody()
    {
        var reader = new ChangeReader(ChangeVector.Load("changes-restored.txt").Bytes);
        reader.Next().ShouldBeTrue();
        var (others, extents) = (new RecordWriter(), new RecordWriter());
        ExtentRecord.Split(reader.Value, others, extents);
        var row = VersionRecord.Read(new(5), "a", 300, false, others.Written, extents.Written);
        (row.Body.Single().Data, row.Restored.Single().Data, row.Readable.Single().Data).ShouldBe((new DataId(0x10), new DataId(0x11), new DataId(0x11)));
    }

    [Fact]
    public void Reader_NestedData_IsWhatWasWritten()
    {
        var reader = new ChangeReader(ChangeVector.Load("changes-nested.txt").Bytes);
        foreach (var expected in ExampleChanges.NestedData())
        {
            reader.Next().ShouldBeTrue();
            var row = DataRecord.Read(expected.Id, reader.Value);
            (row.Nesting, row.SealedAs, row.UnknownFields.Length).ShouldBe((expected.Nesting, expected.SealedAs, 0));
        }
    }

    [Fact]
    public void Reader_BucketsOfDataAndOfAnItem_AreWhatWasWritten()
    {
        var reader = new ChangeReader(ChangeVector.Load("changes-buckets.txt").Bytes);
        reader.Next().ShouldBeTrue();
        DataRecord.Read(new(0x10), reader.Value).Bucket.ShouldBe(new BucketId(5));
        reader.Next().ShouldBeTrue();
        var item = ItemRecord.Read(new(0x61), new(0x71), reader.Value);
        (item.MainBucket, item.UnknownFields.Length).ShouldBe((new BucketId(5), 0));
        item.Buckets.ShouldBe([new(new(5), 8_000), new(new(6), 192)]);
    }

    [Fact]
    public void Reader_AnItem_IsWhatWasWritten()
    {
        var reader = new ChangeReader(ChangeVector.Load("changes-items.txt").Bytes);
        reader.Next().ShouldBeTrue();
        RowKey.ReadItem(reader.Key, out var store, out var id);
        var (row, written) = (ItemRecord.Read(store, id, reader.Value), ExampleChanges.Item());
        row.Item.Sha256.ToArray().ShouldBe(written.Item.Sha256.ToArray());
        row.Item.Progress.ToArray().ShouldBe(written.Item.Progress.ToArray());
        row.Item.Receipt!.Locator.ToArray().ShouldBe(written.Item.Receipt!.Locator.ToArray());
        row.Item.Receipt.Answer.ToArray().ShouldBe(written.Item.Receipt.Answer.ToArray());
        (row with { Item = Blank(row.Item) }).ShouldBe(written with { Item = Blank(written.Item) });

        static NetworkItem Blank(NetworkItem item) => item with { Sha256 = default, Progress = default, Receipt = item.Receipt! with { Locator = default, Answer = default } };
    }

    [Fact]
    public void Page_Example_IsTheVector()
    {
        var page = File.ReadAllLines(Path.Combine(ChangeVector.Folder, "..", "..", "..", "docs", "formats", "journal.md"));
        var example = page.SkipWhile(line => !line.StartsWith("<!-- example: changes -->", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line != "```");
        ChangeVector.Hex(example).ShouldBe(ChangeVector.Load("changes-put.txt").Bytes);
    }

    [Fact]
    public void Page_Tables_AreTheEnumeration()
    {
        var page = File.ReadAllLines(Path.Combine(ChangeVector.Folder, "..", "..", "..", "docs", "formats", "journal.md"));
        var rows = page.SkipWhile(line => !line.StartsWith("| Number | Table ", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|'));
        rows.Select(row => row.Split('|')).Select(cells => $"{cells[1].Trim()} {cells[2].Trim()}").ShouldBe(Enum.GetValues<RowTable>().Select(table => $"{(int)table} {table}"));
    }

    [Theory]
    [InlineData("changes-put.txt")]
    [InlineData("changes-every-table.txt")]
    [InlineData("changes-items.txt")]
    public void Reader_EveryTruncation_IsRejectedOrEndsBetweenChanges(string name)
    {
        var bytes = ChangeVector.Load(name).Bytes;
        var whole = DecodeAll(bytes);
        for (var length = 0; length < bytes.Length; length++)
        {
            try
            {
                DecodeAll(bytes[..length]).ShouldBeLessThan(whole);
            }
            catch (MetadataFormatException)
            {
                // The documented error.
            }
        }
    }

    [Theory]
    [InlineData("changes-put.txt")]
    [InlineData("changes-every-table.txt")]
    [InlineData("changes-items.txt")]
    public void Reader_EveryFlippedBit_IsReadOrRejectedButNothingElse(string name)
    {
        // Whether bytes are those that were written is told by the seal around them, not here; here nothing may break.
        var bytes = ChangeVector.Load(name).Bytes;
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                DecodeAll(bytes);
            }
            catch (MetadataFormatException)
            {
                // The documented error.
            }
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Reader_UnknownFields_AreWrittenAgainWithTheRow()
    {
        var record = new RecordWriter();
        var reader = new ChangeReader(ChangeVector.Load("changes-unknown-fields.txt").Bytes);
        reader.Next().ShouldBeTrue();
        BucketRecord.Write(record, BucketRecord.Read(RowKey.ReadBucket(reader.Key), reader.Value) with { OwnerId = "other" });
        Describe(record.Written).ShouldBe(["1:62", "2:6f74686572", "99=7", "100:7879"], ignoreOrder: true);

        reader.Next().ShouldBeTrue();
        var (others, extents) = (new RecordWriter(), new RecordWriter());
        ExtentRecord.Split(reader.Value, others, extents);
        var row = VersionRecord.Read(new(5), "a", 300, false, others.Written, extents.Written);
        record.Clear();
        VersionRecord.Write(record, row with { StorageClass = "X", Attributes = row.Attributes with { Headers = row.Attributes.Headers.Add("b", "c") } });
        ExtentRecord.Write(record, row.Extents);
        var fields = NaiveChanges.Fields(record.Written.ToArray());
        fields.ShouldContain(field => field.Number == 98 && field.Value == 5);
        NaiveChanges.Fields(fields.Single(field => field.Number == 8).Bytes!).ShouldContain(field => field.Number == 77 && field.Value == 1);
        NaiveChanges.Fields(fields.Single(field => field.Number == 16).Bytes!).ShouldContain(field => field.Number == 55 && field.Value == 1);
    }

    [Fact]
    public async Task NaiveReader_WhatTheEngineJournals_ReadsTheSame()
    {
        using var directory = new TempDirectory();
        var journal = new MemoryJournal();
        await using (var store = SqliteMetadataStore.Open(new() { Path = directory.File("metadata.db") }, TimeProvider.System))
        {
            await store.StartAsync(journal, 0);
            await new Workload(store, 11).RunAsync(300);
        }
        foreach (var entry in journal.Entries)
        {
            var naive = NaiveChanges.Read(entry.Changes.ToArray());
            var index = 0;
            var reader = new ChangeReader(entry.Changes.Span);
            while (reader.Next())
            {
                var expected = naive[index++];
                ((ulong)reader.Table, reader.IsDelete, reader.Generation).ShouldBe((expected.Table, expected.IsDelete, expected.Generation));
                reader.Key.SequenceEqual(expected.Key).ShouldBeTrue();
                Describe(reader.Value).ShouldBe(expected.Fields.Select(Describe));
                reader.Generation.ShouldBeInRange(entry.FirstGeneration, entry.LastGeneration);
            }
            index.ShouldBe(naive.Count);
        }
    }

    private static List<string> Describe(ReadOnlySpan<byte> record)
    {
        var result = new List<string>();
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            var fields = NaiveChanges.Fields(reader.Raw.ToArray());
            fields.Count.ShouldBe(1);
            fields[0].Number.ShouldBe((ulong)reader.Field);
            result.Add(Describe(fields[0]));
            if (fields[0].Bytes is null) reader.Number.ShouldBe(fields[0].Value);
            else reader.Bytes.SequenceEqual(fields[0].Bytes).ShouldBeTrue();
        }
        return result;
    }

    private static string Describe(NaiveField field) => field.Bytes is null ? $"{field.Number}={field.Value}" : $"{field.Number}:{Convert.ToHexStringLower(field.Bytes)}";

    private static int DecodeAll(byte[] bytes)
    {
        var count = 0;
        var reader = new ChangeReader(bytes);
        for (; reader.Next(); count++) ExampleChanges.Decode(reader);
        return count;
    }
}
