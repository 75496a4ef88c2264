using System.Text.RegularExpressions;
using Oort.Backends;
using Oort.Objects.Audits;
using Oort.Objects.Reputation;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Audits;

/// <summary>Receipts that are kept: their format, and what they find that a look at one cell does not.</summary>
public sealed partial class KeptReceiptsTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("kept-receipts", "*.txt")];

    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("kept-receipts", name);
        var read = KeptReceipts.Decode(vector.Bytes);
        (read is null ? "reject" : "ok").ShouldBe(vector.Expect);
        read?.Encode().ShouldBe(vector.Bytes);
    }

    [Fact]
    public void Page_Example_IsTheVector()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "kept-receipts.md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("kept-receipts", "one").Bytes);
        var entry = KeptReceipts.Decode(bytes)!.Entries.ShouldHaveSingleItem();
        (entry.Shard.ToString(), entry.Opened, Convert.ToHexStringLower(entry.Signed.Span)).ShouldBe(("1-2.3", (ushort)5, "deadbeef"));
        page.ShouldContain("| 0 | 17 | bytes | Shard |");
        (KeptReceipt.ShardOffset, KeptReceipt.OpenedOffset, KeptReceipt.SizeOffset, KeptReceipt.ReceiptOffset, KeptReceipts.CountOffset).ShouldBe((0, 17, 19, 21, 1));
    }

    [Fact]
    public void Decode_EveryTruncation_IsRejected()
    {
        var bytes = FormatVector.Read("kept-receipts", "two").Bytes;
        for (var length = 0; length < bytes.Length; length++) KeptReceipts.Decode(bytes.AsSpan(0, length)).ShouldBeNull();
        KeptReceipts.Decode([.. bytes, 0]).ShouldBeNull();
    }

    [Fact]
    public void With_MoreThanAreKept_TheOldestGoes()
    {
        var kept = KeptReceipts.None;
        for (ulong number = 1; number <= KeptReceipts.CountMax + 2; number++) kept = kept.With(new(new(1, number), 0), new byte[] { 1 });
        kept.Entries.Length.ShouldBe(KeptReceipts.CountMax);
        kept.Entries[0].Shard.Segment.Counter.ShouldBe(3UL);
        kept.Opened(kept.Entries[0].Shard).Entries[0].Opened.ShouldBe((ushort)2);
        KeptReceipts.Decode(kept.Encode())!.Encode().ShouldBe(kept.Encode());
    }

    [Fact]
    public async Task Audit_ShardWhoseReceiptIsKept_IsFoundDamagedWhereverTheDamageLies()
    {
        await using var world = await AuditWorld.NewAsync(AuditWorld.Often with { FullReadShare = 0 });
        // The shard of the long object has a dozen cells; one is damaged, and all others are as they were.
        var shard = world.Shards.Single(one => world.Rows.Single(row => row.Id == one.Segment).PayloadLength > 1_000_000);
        await world.AuditAsync(shard);
        await world.AuditAsync(shard);
        (await KeptAsync(world)).Entries.ShouldHaveSingleItem().Opened.ShouldBe((ushort)2);
        await world.Bad.Inner.FlipAsync(shard, 100_000);

        await world.AuditAsync(shard);

        var failed = world.Reputation.Events.ShouldHaveSingleItem();
        failed.Kind.ShouldBe(ReputationEventKind.AuditFailed);
        // Its root tells, if it was not just that cell that was read.
        if (!failed.Evidence.Contains("keyed tags", StringComparison.Ordinal))
        {
            failed.Evidence.ShouldContain("proves by");
            (await KeptAsync(world)).Entries.ShouldBeEmpty();
        }

        await world.System.DrainRepairsAsync();
        await world.AuditAsync(shard);
        world.Reputation.Events.Length.ShouldBe(1);
        (await world.IsWholeAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task Audit_ShardHasGone_ItsReceiptGoes()
    {
        await using var world = await AuditWorld.NewAsync();
        var gone = new ShardId(new(99, 1), 0);
        await world.System.Metadata.PutSettingAsync(KeptReceipts.SettingName(world.Bad.Id), KeptReceipts.None.With(gone, new byte[32]).Encode(), None);
        await world.AuditAsync(gone);
        (await world.System.Metadata.GetSettingAsync(KeptReceipts.SettingName(world.Bad.Id), None)).ShouldBeNull();
        // One that cannot be read is as if there were none.
        await world.System.Metadata.PutSettingAsync(KeptReceipts.SettingName(world.Bad.Id), [9, 9, 9], None);
        await world.AuditAsync(world.Shards[0]);
        (await KeptAsync(world)).Entries.ShouldHaveSingleItem().Shard.ShouldBe(world.Shards[0]);
    }

    private static async Task<KeptReceipts> KeptAsync(AuditWorld world) =>
        await world.System.Metadata.GetSettingAsync(KeptReceipts.SettingName(world.Bad.Id), None) is { } setting ? KeptReceipts.Decode(setting)! : KeptReceipts.None;

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}
