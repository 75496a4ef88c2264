using System.Collections.Immutable;
using System.Globalization;
using Oort.Checksums;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>The parts that a CompleteMultipartUpload names, held against those that were uploaded, and what follows for the object.</summary>
/// <param name="Parts">As the store has them, in order.</param>
/// <param name="Size">Bytes of the object.</param>
/// <param name="ETag">Hex MD5 of the parts' MD5s, "-", and their number; no quotes.</param>
/// <param name="Checksum">The object's; null when the parts do not give one.</param>
internal sealed record ChosenParts(ImmutableArray<PartRow> Parts, long Size, string ETag, StoredChecksum? Checksum)
{
    /// <remarks>1. Each part is there, is the one meant, and is large enough. 2. The object is not too large. 3. ETag and checksum.</remarks>
    /// <exception cref="S3Exception">InvalidPart, EntityTooSmall, EntityTooLarge.</exception>
    public static ChosenParts Choose(UploadRow upload, IReadOnlyDictionary<int, PartRow> uploaded, List<CompletedPart> named, long partSizeMin)
    {
        // 1.
        var parts = ImmutableArray.CreateBuilder<PartRow>(named.Count);
        var size = 0L;
        foreach (var wanted in named)
        {
            if (!uploaded.TryGetValue(wanted.PartNumber, out var part) || part.ETag != wanted.ETag) throw InvalidPart(upload, wanted);
            CheckChecksum(upload, wanted, part);
            parts.Add(part);
            size += part.Size;
        }

        foreach (var part in parts.SkipLast(1))
            if (part.Size < partSizeMin) throw TooSmall(part, partSizeMin);

        // 2.
        if (size > Limits.Object)
        {
            throw new S3Exception(
                S3Errors.EntityTooLarge,
                null,
                ("ProposedSize", size.ToString(CultureInfo.InvariantCulture)),
                ("MaxSizeAllowed", Limits.Object.ToString(CultureInfo.InvariantCulture)));
        }

        // 3.
        var chosen = parts.MoveToImmutable();
        return new(chosen, size, ETagOf(chosen.Select(part => part.ETag)), ChecksumOf(upload, chosen));
    }

    /// <summary>The parts that the request names, ascending. Of a number that stands there twice, one upload of it after the other, the last counts.</summary>
    /// <exception cref="S3Exception">InvalidPartOrder.</exception>
    public static List<CompletedPart> Named(CompleteMultipartDocument document)
    {
        var named = new List<CompletedPart>(document.Parts.Count);
        foreach (var part in document.Parts)
        {
            if (named is [.., var before] && part.PartNumber <= before.PartNumber)
            {
                if (part.PartNumber < before.PartNumber) throw new S3Exception(S3Errors.InvalidPartOrder);
                named.RemoveAt(named.Count - 1);
            }

            named.Add(part);
        }

        return named;
    }

    /// <param name="etags">Hex MD5s, no quotes.</param>
    public static string ETagOf(IEnumerable<string> etags)
    {
        var digests = Convert.FromHexString(string.Concat(etags));
        Span<byte> digest = stackalloc byte[Md5.Size];
        Md5.Hash(digests, digest);
        return string.Create(CultureInfo.InvariantCulture, $"{Convert.ToHexStringLower(digest)}-{digests.Length / Md5.Size}");
    }

    /// <summary>Composite or full-object, as the upload announced; without an announcement full-object, if the parts have checksums of one kind that combines.</summary>
    private static StoredChecksum? ChecksumOf(UploadRow upload, ImmutableArray<PartRow> parts)
    {
        var algorithm = parts[0].Checksum?.Algorithm ?? ChecksumAlgorithm.None;
        if (algorithm == ChecksumAlgorithm.None || parts.Any(part => part.Checksum?.Algorithm != algorithm)) return null;
        var checksums = parts.Select(part => new PartChecksum(part.Checksum!.Value.AsMemory(), part.Size));
        var isComposite = upload.ChecksumAlgorithm != ChecksumAlgorithm.None && upload.ChecksumType == ChecksumType.Composite;
        if (isComposite) return new(algorithm, ChecksumType.Composite, [.. algorithm.ComposeParts(checksums)]);
        return algorithm.Combines() ? new(algorithm, ChecksumType.FullObject, [.. algorithm.CombineParts(checksums)]) : null;
    }

    /// <summary>A checksum that the request names for a part must be the part's. None need be named: the ETag says which bytes are meant.</summary>
    private static void CheckChecksum(UploadRow upload, in CompletedPart wanted, PartRow part)
    {
        foreach (var (algorithm, value) in wanted.Checksums)
        {
            if (part.Checksum is not { } stored || stored.Algorithm != algorithm || Convert.ToBase64String(stored.Value.AsSpan()) != value)
                throw InvalidPart(upload, wanted);
        }
    }

    private static S3Exception InvalidPart(UploadRow upload, in CompletedPart wanted) => new(
        S3Errors.InvalidPart,
        null,
        ("UploadId", upload.Id.ToString()),
        ("PartNumber", wanted.PartNumber.ToString(CultureInfo.InvariantCulture)),
        ("ETag", wanted.ETag));

    private static S3Exception TooSmall(PartRow part, long partSizeMin) => new(
        S3Errors.EntityTooSmall,
        null,
        ("ProposedSize", part.Size.ToString(CultureInfo.InvariantCulture)),
        ("MinSizeAllowed", partSizeMin.ToString(CultureInfo.InvariantCulture)),
        ("PartNumber", part.PartNumber.ToString(CultureInfo.InvariantCulture)),
        ("ETag", part.ETag));
}
