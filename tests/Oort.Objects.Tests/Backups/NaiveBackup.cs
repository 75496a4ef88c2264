using System.Text;
using Oort.Objects.Tests.Snapshots;
using static Oort.Objects.Tests.World.NaiveCrypto;

namespace Oort.Objects.Tests.Backups;

/// <summary>A reader written from docs/formats/backup.md §3 and §6 alone, on the naive reader of snapshots.</summary>
internal static class NaiveBackup
{
    public static (string Outcome, List<string> Batches) Read(byte[] file, byte[] key, string cluster)
    {
        if (file.Length < 32 || Encoding.ASCII.GetString(file, 0, 8) != "OORTBKUP") return ("not-a-backup", []);
        if (Number(file, 8, 2) != 1 || Number(file, 10, 6) != 0) return ("unknown-version", []);
        if (Hex(file, 16, 16) != cluster) return ("other-cluster", []);
        if (file.Length < 44 || Encoding.ASCII.GetString(file, file.Length - 8, 8) != "OORTBEND") return ("truncated", []);
        var size = Number(file, file.Length - 12, 4);
        if (size > 3_625_112 || size > (ulong)file.Length - 44) return ("truncated", []);
        var manifest = file[^(12 + (int)size)..^12];
        if (NaiveSnapshot.Read(manifest, [], manifest.Length < 40 ? 0 : Number(manifest, 32, 8), key, cluster).Outcome == "none") return ("damaged", []);
        var parts = new List<byte[]>();
        var at = 32;
        for (var part = 0; part < (int)Number(manifest, 12, 4); part++)
        {
            var length = (int)Number(manifest, 96 + 36 * part, 4);
            if (at + length > file.Length - 12 - (int)size) return ("truncated", []);
            parts.Add(file[at..(at + length)]);
            at += length;
        }

        if (at != file.Length - 12 - (int)size) return ("truncated", []);
        var (outcome, batches) = NaiveSnapshot.Read(manifest, [.. parts], Number(manifest, 32, 8), key, cluster);
        return (outcome == "ok" ? "ok" : "damaged", batches);
    }
}
