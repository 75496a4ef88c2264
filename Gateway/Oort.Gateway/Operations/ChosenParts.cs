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
    /// <exception cref="S3Exception">InvalidPartOrder, InvalidPart, InvalidRequest, EntityTooSmall, EntityTooLarge.</exception>
    public static ChosenParts Choose(UploadRow upload, IReadOnlyDictionary<int, PartRow> uploaded, CompleteMultipartDocument document, long partSizeMin)
    {
        // 1.
        CheckOrder(document);
        var parts = ImmutableArray.CreateBuilder<PartRow>(document.Parts.Count);
        var size = 0L;
        foreach (var wanted in document.Parts)
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

    /// <summary>Ascending, and no number twice.</summary>
    public static void CheckOrder(CompleteMultipartDocument document)
    {
        for (var i = 1; i < document.Parts.Count; i++)
            if (document.Parts[i].PartNumber <= document.Parts[i - 1].PartNumber) throw new S3Exception(S3Errors.InvalidPartOrder);
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

    /// <summary>A checksum that the request names for a part must be the part's; a composite upload must name one for each (S3 API: CompleteMultipartUpload).</summary>
    private static void CheckChecksum(UploadRow upload, in CompletedPart wanted, PartRow part)
    {
        foreach (var (algorithm, value) in wanted.Checksums)
        {
            if (part.Checksum is not { } stored || stored.Algorithm != algorithm || Convert.ToBase64String(stored.Value.AsSpan()) != value)
                throw InvalidPart(upload, wanted);
        }

        if (wanted.Checksums.Count > 0 || upload.ChecksumAlgorithm == ChecksumAlgorithm.None || upload.ChecksumType != ChecksumType.Composite) return;
        var name = ChecksumNames.Name(upload.ChecksumAlgorithm)!.ToLowerInvariant();
        var number = wanted.PartNumber.ToString(CultureInfo.InvariantCulture);
        throw new S3Exception(
            S3Errors.InvalidRequest,
            $"The upload was created using a {name} checksum. The complete request must include the checksum for each part. It was missing for part {number} in the request.");
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
