namespace Oort.Metadata.Tests.Changes;

/// <summary>A field as the page describes it: a number, or bytes.</summary>
internal sealed record NaiveField(ulong Number, ulong Value, byte[]? Bytes);

/// <summary>A row change as the page describes it.</summary>
internal sealed record NaiveChange(ulong Table, bool IsDelete, ulong Generation, byte[] Key, List<NaiveField> Fields);

/// <summary>A reader written from docs/formats/journal.md alone (§6 and §8), for likeness to the page and sharing nothing with the product.</summary>
internal static class NaiveChanges
{
    public static List<NaiveChange> Read(byte[] bytes)
    {
        var at = 0;
        if (bytes[at++] != 1) throw new FormatException("version");
        var lowest = Number(bytes, ref at);
        var result = new List<NaiveChange>();
        while (at < bytes.Length)
        {
            var head = Number(bytes, ref at);
            if (head / 2 is < 1 or 10 or > 12) throw new FormatException("table");
            var generation = checked(lowest + Number(bytes, ref at));
            var key = Run(bytes, ref at);
            var record = head % 2 == 0 ? Run(bytes, ref at) : [];
            result.Add(new(head / 2, head % 2 == 1, generation, key, Fields(record)));
        }
        return result;
    }

    public static List<NaiveField> Fields(byte[] record)
    {
        var result = new List<NaiveField>();
        for (var at = 0; at < record.Length;)
        {
            var tag = Number(record, ref at);
            if (tag / 2 == 0) throw new FormatException("field 0");
            if (tag % 2 == 0) result.Add(new(tag / 2, Number(record, ref at), null));
            else result.Add(new(tag / 2, 0, Run(record, ref at)));
        }
        return result;
    }

    private static ulong Number(byte[] bytes, ref int at)
    {
        var value = UInt128.Zero;
        for (var i = 0; ; i++)
        {
            if (i == 10 || at == bytes.Length) throw new FormatException("number");
            var next = bytes[at++];
            value += (UInt128)(uint)(next % 128) << (7 * i);
            if (next >= 128) continue;
            if (next == 0 && i > 0) throw new FormatException("long number");
            return checked((ulong)value);
        }
    }

    private static byte[] Run(byte[] bytes, ref int at)
    {
        var length = Number(bytes, ref at);
        if (length > (ulong)(bytes.Length - at)) throw new FormatException("length");
        at += (int)length;
        return bytes[(at - (int)length)..at];
    }
}
