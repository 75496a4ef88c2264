using System.Security.Cryptography;
using System.Text;
using static Oort.Objects.Tests.World.NaiveCrypto;

namespace Oort.Objects.Tests.Snapshots;

/// <summary>A reader written from docs/formats/snapshot.md §3, §4 and §8 alone.</summary>
internal static class NaiveSnapshot
{
    /// <summary>"none" (no valid manifest), "corrupt" (a part or batch is not what it must be) or "ok", with the batches' plaintexts in hex.</summary>
    public static (string Outcome, List<string> Batches) Read(byte[] manifest, byte[]?[] parts, ulong generation, byte[] key, string cluster)
    {
        if (manifest.Length < 112 || Encoding.ASCII.GetString(manifest, 0, 8) != "OORTSNPM") return ("none", []);
        if (Number(manifest, 8, 2) != 1 || manifest[10] != 1 || Hex(manifest, 16, 16) != cluster || Number(manifest, 32, 8) != generation) return ("none", []);
        var (partCount, gatewayCount, batchCount) = (Number(manifest, 12, 4), Number(manifest, 84, 4), Number(manifest, 80, 4));
        if (partCount > 100_000 || gatewayCount > 1_000 || (ulong)manifest.Length != 96 + 36 * partCount + 25 * gatewayCount + 16) return ("none", []);
        var salt = manifest[40..72];
        if (Open(key, "oort snapshot v1", salt, batchCount, manifest[..^16], manifest[^16..]) is null) return ("none", []);

        var batches = new List<string>();
        for (var index = 0; index < (int)partCount; index++)
        {
            var entry = 96 + 36 * index;
            if (index >= parts.Length || parts[index] is not { } part || part.Length != (int)Number(manifest, entry, 4)) return ("corrupt", batches);
            if (!SHA256.HashData(part).AsSpan().SequenceEqual(manifest.AsSpan(entry + 4, 32))) return ("corrupt", batches);
            for (var at = 72; at < part.Length;)
            {
                if (part.Length - at < 24) return ("corrupt", batches);
                var length = Number(part, at, 4);
                if (length < 16 || length > (ulong)(part.Length - at - 8) || Number(part, at + 4, 4) != (ulong)batches.Count) return ("corrupt", batches);
                var end = at + 8 + (int)length;
                if (Open(key, "oort snapshot v1", salt, (ulong)batches.Count, part[at..(at + 8)], part[(at + 8)..end]) is not { } batch) return ("corrupt", batches);
                batches.Add(Convert.ToHexStringLower(batch));
                at = end;
            }
        }

        return ((ulong)batches.Count == batchCount ? "ok" : "corrupt", batches);
    }
}
