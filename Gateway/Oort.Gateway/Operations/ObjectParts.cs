using System.Collections.Immutable;
using Oort.Metadata;

namespace Oort.Gateway.Operations;

/// <summary>One part of a multipart object.</summary>
/// <param name="Number">As it was uploaded; there may be gaps.</param>
/// <param name="Offset">Its first byte in the object.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Checksum">Of the object's algorithm; empty if none.</param>
internal sealed record ObjectPart(int Number, long Offset, long Length, ImmutableArray<byte> Checksum);

internal static class ObjectParts
{
    /// <summary>The parts of a version in order; none when it was put whole. Neighbouring extents with the same number are one part (a copied range may have several).</summary>
    public static IReadOnlyList<ObjectPart> Of(VersionRow version)
    {
        var parts = new List<ObjectPart>();
        var offset = 0L;
        foreach (var extent in version.Body)
        {
            if (extent.PartNumber > 0)
            {
                if (parts.Count > 0 && parts[^1].Number == extent.PartNumber)
                    parts[^1] = parts[^1] with { Length = parts[^1].Length + extent.Length };
                else
                    parts.Add(new(extent.PartNumber, offset, extent.Length, extent.PartChecksum.IsDefault ? [] : extent.PartChecksum));
            }

            offset += extent.Length;
        }

        return parts;
    }

    /// <summary>How many parts the ETag says ("…-N"); 0 for an object that was put whole.</summary>
    public static int CountOf(string etag)
    {
        var dash = etag.LastIndexOf('-');
        return dash >= 0 && int.TryParse(etag.AsSpan(dash + 1), System.Globalization.CultureInfo.InvariantCulture, out var count) ? count : 0;
    }
}
