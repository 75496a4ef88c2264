using System.Globalization;

namespace Oort.Objects;

/// <summary>Names of a snapshot's blobs: <c>snapshot/&lt;generation, 16 hex&gt;/&lt;part, 6 decimal digits&gt;</c> and <c>…/manifest</c> (docs/formats/snapshot.md §2).</summary>
internal static class SnapshotNames
{
    /// <summary>What the names of all snapshots' blobs begin with.</summary>
    public const string Prefix = "snapshot/";

    private const string ManifestName = "manifest";

    public static string Folder(ulong generation) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{generation:x16}/");

    public static string Part(ulong generation, int part) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{generation:x16}/{part:d6}");

    public static string Manifest(ulong generation) => Folder(generation) + ManifestName;

    /// <summary>The generation that a blob's name tells, of a part or a manifest.</summary>
    public static bool TryParse(string name, out ulong generation, out bool isManifest)
    {
        generation = 0;
        isManifest = false;
        var parts = name.Split('/');
        if (parts.Length != 3 || parts[0] != "snapshot" || parts[1].Length != 16) return false;
        isManifest = parts[2] == ManifestName;
        return ulong.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out generation);
    }
}
