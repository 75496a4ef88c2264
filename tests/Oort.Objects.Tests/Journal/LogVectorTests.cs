using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Journal;

/// <summary>Each log of tests/vectors/journal, read by the product and by the naive reader.</summary>
public sealed class LogVectorTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("journal", "log-*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Reader_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("journal", name);
        using var keyring = FormatVector.ExampleKeyring();
        var (outcome, records) = await ReadAsync(vector.Bytes, vector["name"], keyring);
        outcome.ShouldBe(vector.Expect);
        records.ShouldBe(vector.All("record"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NaiveReader_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("journal", name);
        var (outcome, records) = NaiveLog.Read(vector.Bytes, vector["name"], vector.Hex("journal-key"), vector["cluster"]);
        outcome.ShouldBe(vector.Expect);
        records.ShouldBe(vector.All("record"));
    }

    [Fact]
    public async Task Reader_EveryFlippedByteAndTruncation_EndsAsTheNaiveOne()
    {
        var vector = FormatVector.Read("journal", "log-two-records");
        using var keyring = FormatVector.ExampleKeyring();
        for (var index = 0; index < vector.Bytes.Length; index++)
        {
            var flipped = vector.Bytes.ToArray();
            flipped[index] ^= 0x20;
            foreach (var log in new[] { flipped, vector.Bytes[..index] })
            {
                var (outcome, records) = await ReadAsync(log, vector["name"], keyring);
                var naive = NaiveLog.Read(log, vector["name"], vector.Hex("journal-key"), vector["cluster"]);
                outcome.ShouldBe(naive.Outcome, $"byte {index} of {log.Length}");
                records.ShouldBe(naive.Records, $"byte {index} of {log.Length}");
                records.Count.ShouldBeLessThan(2, $"byte {index} of {log.Length}");
                vector.All("record").ShouldBe([.. records, .. vector.All("record")[records.Count..]]);
            }
        }
    }

    [Fact]
    public void NaiveReader_WhatTheProductWrote_ReadsIt()
    {
        using var keyring = FormatVector.ExampleKeyring();
        using var cipher = keyring.BeginJournal();
        var header = new JournalLogHeader
        {
            Cluster = new(keyring.Identity),
            Name = new(new(0x123456789), FirstGeneration: 300, Session: 0x1f, Number: 0x20),
            PreviousGeneration = 299,
            PreviousHash = RecordHash.None,
            Quorum = 3,
            Salt = [.. cipher.Salt],
            Members = [new(4), new(5), new(6), new(7)],
        };
        var log = header.ToBytes().ToList();
        var previous = RecordHash.Of(header.ToBytes());
        for (var number = 0; number < 3; number++)
        {
            var record = JournalRecord.Write(new((ulong)(300 + number), (ulong)(300 + number), new byte[number * 100]), (ulong)number, previous, cipher);
            previous = RecordHash.Of(record);
            log.AddRange(record);
        }

        var vector = FormatVector.Read("journal", "log-two-records");
        var (outcome, records) = NaiveLog.Read([.. log], header.Name.ToString(), vector.Hex("journal-key"), vector["cluster"]);
        outcome.ShouldBe("3 Clean");
        records.ShouldBe(["300 300 ", $"301 301 {new string('0', 200)}", $"302 302 {new string('0', 400)}"]);
    }

    [Fact]
    public void Page_ExampleRecord_FollowsTheExampleHeader()
    {
        var header = JournalLogHeader.TryRead(Example("log header")).ShouldNotBeNull();
        var record = Example("log record");
        using var keyring = FormatVector.ExampleKeyring();
        using var cipher = keyring.OpenJournal(header.Salt.AsSpan());
        JournalRecord.ReadLength(record).ShouldBe(record.Length);
        var entry = JournalRecord.TryRead(record, 0, RecordHash.Of(header.ToBytes()), cipher).ShouldNotBeNull();
        (entry.FirstGeneration, entry.LastGeneration).ShouldBe((7UL, 7UL));
        entry.Changes.ToArray().ShouldBe(Convert.FromHexString("01071200017303030101"));
    }

    private static byte[] Example(string name)
    {
        var page = File.ReadAllLines(Path.Combine(Repository.Root, "docs", "formats", "journal.md"));
        var lines = page.SkipWhile(line => line != $"<!-- example: {name} -->").Skip(2).TakeWhile(line => line != "```");
        return Convert.FromHexString(string.Concat(lines.Select(line => line.Split('#')[0].Replace(" ", "", StringComparison.Ordinal))));
    }

    /// <summary>What the product makes of a log of which one store has these bytes.</summary>
    private static async Task<(string Outcome, List<string> Records)> ReadAsync(byte[] bytes, string name, Keyring keyring)
    {
        await using var store = new MemoryStore(new(1));
        await store.AppendLogAsync(name, 0, bytes, CancellationToken.None);
        var catalogue = await JournalCatalogue.ReadAsync([store], keyring, NullLogger.Instance, CancellationToken.None);
        if (catalogue.Logs.IsEmpty) return ("void", []);
        var reader = new JournalLogReader(catalogue.Logs.Single(), keyring, NullLogger.Instance);
        var records = new List<string>();
        await foreach (var read in reader.ReadAsync(CancellationToken.None))
            records.Add(string.Create(CultureInfo.InvariantCulture, $"{read.Entry.FirstGeneration} {read.Entry.LastGeneration} {Convert.ToHexStringLower(read.Entry.Changes.Span)}"));
        return ($"{records.Count} {reader.End}", records);
    }
}
