using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using static Oort.Objects.Tests.World.NaiveCrypto;

namespace Oort.Objects.Tests.Journal;

/// <summary>A reader of one copy of a log written from docs/formats/journal.md §3 to §5 and §11 alone.</summary>
internal static class NaiveLog
{
    /// <summary>"void", or the number of records and how the log ended; with the records as "first last changes".</summary>
    public static (string Outcome, List<string> Records) Read(byte[] log, string name, byte[] key, string cluster)
    {
        if (ReadHeader(log, name, cluster) is not { } size) return ("void", []);
        var salt = log[112..144];
        var records = new List<string>();
        var previous = SHA256.HashData(log[..size]);
        var at = size;
        while (true)
        {
            var frame = Frame(log, at);
            if (frame is null || Open(frame, records.Count, previous, key, salt) is not { } changes)
            {
                if (records.Count == 0) return ("void", []);
                var followed = frame is not null && Frame(log, at + frame.Length) is { } next && Open(next, records.Count + 1, null, key, salt) is not null;
                return ($"{records.Count} {(followed ? "Damaged" : at < log.Length ? "TornTail" : "Clean")}", records);
            }

            records.Add(string.Create(CultureInfo.InvariantCulture, $"{Number(frame, 16, 8)} {Number(frame, 24, 8)} {Convert.ToHexStringLower(changes)}"));
            previous = SHA256.HashData(frame);
            at += frame.Length;
        }
    }

    /// <summary>Its size; null when the copy is void.</summary>
    private static int? ReadHeader(byte[] log, string name, string cluster)
    {
        if (log.Length < 148 || Encoding.ASCII.GetString(log, 0, 8) != "OORTJRNL") return null;
        int members = log[13];
        var size = 148 + 16 * members;
        if (Number(log, 8, 2) != 1 || log[12] != 1 || log[15] != 0 || members is 0 or > 8) return null;
        if (log[14] == 0 || log[14] > members || (int)Number(log, 10, 2) != size || log.Length < size) return null;
        if (Number(log, size - 4, 4) != Crc(log[..(size - 4)]) || Hex(log, 16, 16) != cluster) return null;
        var own = string.Create(CultureInfo.InvariantCulture, $"journal/{Hex(log, 32, 16)}/{Hex(log, 64, 8)}-{Number(log, 48, 8):x}-{Number(log, 56, 8):x}");
        return own == name ? size : null;
    }

    private static byte[]? Frame(byte[] log, int at)
    {
        if (log.Length - at < 64 || Encoding.ASCII.GetString(log, at, 4) != "OJR1") return null;
        var length = Number(log, at + 4, 4);
        if (length is < 16 or > (16 * 1024 * 1024) + 16 || (ulong)(log.Length - at) < 68 + length) return null;
        return log[at..(at + 68 + (int)length)];
    }

    private static byte[]? Open(byte[] frame, int number, byte[]? previous, byte[] key, byte[] salt)
    {
        if (Number(frame, frame.Length - 4, 4) != Crc(frame[..^4]) || Number(frame, 8, 8) != (ulong)number) return null;
        if (previous is not null && !frame.AsSpan(32, 32).SequenceEqual(previous)) return null;
        if (Number(frame, 16, 8) > Number(frame, 24, 8)) return null;
        return World.NaiveCrypto.Open(key, "oort journal v1", salt, (ulong)number, frame[..64], frame[64..^4]);
    }
}
