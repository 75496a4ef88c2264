using System.Text;

namespace Oort.Backends.Tests.Formats;

/// <summary>A second reader of volumes, written from the page alone: field offsets come from its tables, the checksum from its definition.</summary>
internal static class NaiveVolumeReader
{
    private const int BlockSize = 4096;

    /// <summary>Sequence, kind, shard and content of every record of every good group, in order.</summary>
    public static List<(long Sequence, long Kind, string Shard, string Content)> Read(FormatPage page, byte[] volume)
    {
        var (header, group, record) = (page.Table("## 2."), page.Table("## 3."), page.Table("## 4."));
        var salt = FormatTests.Number(volume, header["salt"]);
        var found = new List<(long, long, string, string)>();
        for (long at = BlockSize; at + group["end"].Offset <= volume.Length;)
        {
            var bytes = volume.AsSpan((int)at);
            long Field(string name) => FormatTests.Number(volume.AsSpan((int)at), group[name]);
            if (FormatTests.Crc(bytes[..group["crc"].Offset]) != Field("crc") || Field("salt") != salt || Field("offset") != at)
            {
                at += BlockSize;
                continue;
            }

            var tableSize = Field("record_count") * record["end"].Offset;
            var table = bytes.Slice(group["end"].Offset, (int)tableSize);
            if (FormatTests.Crc(table) == Field("table_crc"))
            {
                for (var i = 0; i < Field("record_count"); i++)
                    found.Add(ReadRecord(table[(i * record["end"].Offset)..], record, volume, Field("sequence")));
            }

            var end = at + group["end"].Offset + tableSize + Field("content_size");
            at = (end + BlockSize - 1) / BlockSize * BlockSize + Field("reserved_size");
        }

        return found;
    }

    private static (long, long, string, string) ReadRecord(ReadOnlySpan<byte> bytes, Dictionary<string, (int Offset, int Size)> fields, byte[] volume, long sequence)
    {
        var segment = SegmentId.Read(bytes.Slice(fields["segment"].Offset, fields["segment"].Size));
        var content = volume.AsSpan((int)FormatTests.Number(bytes, fields["offset"]), (int)FormatTests.Number(bytes, fields["length"]));
        return (sequence, FormatTests.Number(bytes, fields["kind"]), $"{segment}.{FormatTests.Number(bytes, fields["index"])}", Encoding.Latin1.GetString(content));
    }
}
