using Oort.Backends.Local;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Formats;

/// <summary>The pages say what the code does: tables against written bytes, examples against readers.</summary>
public sealed class FormatTests
{
    private static readonly VolumeHeader s_volume = new(new StoreId(5), 1, 0x0102030405060708);

    [Fact]
    public void IdentityPage_Table_IsWhatIsWritten()
    {
        var fields = FormatPage.Load("identity.md").Table("## Fields");
        var bytes = new StoreIdentity(new StoreId(0x1111), new ClusterId(0x2222), DateTimeOffset.FromUnixTimeMilliseconds(0x3333)).Encode();

        bytes.Length.ShouldBe(fields["end"].Offset);
        Text(bytes, fields["magic"]).ShouldBe("OORTSTO1");
        Number(bytes, fields["version"]).ShouldBe(1);
        Number(bytes, fields["store"]).ShouldBe(0x1111);
        Number(bytes, fields["cluster"]).ShouldBe(0x2222);
        Number(bytes, fields["created"]).ShouldBe(0x3333);
        Number(bytes, fields["crc"]).ShouldBe(Crc(bytes.AsSpan(0, fields["crc"].Offset)));
    }

    [Fact]
    public void IdentityPage_Example_IsRead()
    {
        var bytes = FormatPage.Load("identity.md").Example(StoreIdentity.Size);

        StoreIdentity.Decode(bytes, out var identity).ShouldBe(FormatOutcome.Ok);

        identity.ShouldBe(new StoreIdentity(new StoreId(5), new ClusterId(77), DateTimeOffset.FromUnixTimeSeconds(1_800_000_000)));
        identity!.Encode().ShouldBe(bytes);
    }

    [Fact]
    public void VolumePage_HeaderTable_IsWhatIsWritten()
    {
        var fields = FormatPage.Load("volume.md").Table("## 2.");
        var bytes = new byte[VolumeHeader.Size];
        s_volume.Write(bytes);

        fields["end"].Offset.ShouldBe(VolumeHeader.Size);
        Text(bytes, fields["magic"]).ShouldBe("OORTVOL1");
        Number(bytes, fields["version"]).ShouldBe(1);
        Number(bytes, fields["store"]).ShouldBe(5);
        Number(bytes, fields["number"]).ShouldBe(1);
        Number(bytes, fields["salt"]).ShouldBe((long)s_volume.Salt);
        Number(bytes, fields["crc"]).ShouldBe(Crc(bytes.AsSpan(0, fields["crc"].Offset)));
    }

    [Fact]
    public void VolumePage_GroupTable_IsWhatIsWritten()
    {
        var fields = FormatPage.Load("volume.md").Table("## 3.");
        var bytes = new byte[GroupHeader.Size];
        new GroupHeader(11, 12, 10, 4096, 2, 14, 8192).Write(bytes, [1, 2, 3]);

        fields["end"].Offset.ShouldBe(GroupHeader.Size);
        Text(bytes, fields["magic"]).ShouldBe("OORTGRP1");
        foreach (var (name, value) in new[] { ("salt", 11), ("sequence", 12), ("durable", 10), ("offset", 4096), ("record_count", 2), ("content_size", 14), ("reserved_size", 8192) })
            Number(bytes, fields[name]).ShouldBe(value, name);
        Number(bytes, fields["table_crc"]).ShouldBe(Crc([1, 2, 3]));
        Number(bytes, fields["crc"]).ShouldBe(Crc(bytes.AsSpan(0, fields["crc"].Offset)));
    }

    [Fact]
    public void VolumePage_RecordTable_IsWhatIsWritten()
    {
        var fields = FormatPage.Load("volume.md").Table("## 4.");
        var bytes = new byte[GroupRecord.Size];
        new GroupRecord(RecordKind.Extent, new ShardId(new SegmentId(7, 8), 9), 4096, 55, 66).Write(bytes);

        fields["end"].Offset.ShouldBe(GroupRecord.Size);
        foreach (var (name, value) in new[] { ("kind", 2), ("index", 9), ("offset", 4096), ("length", 55), ("crc", 66) })
            Number(bytes, fields[name]).ShouldBe(value, name);
        SegmentId.Read(bytes.AsSpan(fields["segment"].Offset, fields["segment"].Size)).ShouldBe(new SegmentId(7, 8));
    }

    [Fact]
    public void VolumePage_Example_IsReadByANaiveReader()
    {
        var page = FormatPage.Load("volume.md");
        var bytes = page.Example(2 * VolumeFormat.BlockSize);

        VolumeHeader.Read(bytes, out var header).ShouldBe(FormatOutcome.Ok);
        header.ShouldBe(s_volume);
        NaiveVolumeReader.Read(page, bytes).ShouldBe([(1, 1, "1-2.3", "oort"), (1, 3, "1-1.0", "")]);
    }

    internal static long Number(ReadOnlySpan<byte> bytes, (int Offset, int Size) field)
    {
        UInt128 value = 0;
        foreach (var b in bytes.Slice(field.Offset, field.Size))
            value = (value << 8) | b;
        return (long)(ulong)value;
    }

    internal static long Crc(ReadOnlySpan<byte> bytes)
    {
        // Bit by bit, from the definition: reflected polynomial, all ones before and after.
        var crc = ulong.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x9A6C9329AC4BC9B5 : crc >> 1;
        }

        return (long)~crc;
    }

    private static string Text(byte[] bytes, (int Offset, int Size) field) => System.Text.Encoding.ASCII.GetString(bytes, field.Offset, field.Size);
}
