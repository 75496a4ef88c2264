using System.Buffers;
using System.Globalization;
using System.Text;
using Oort.Metadata;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>An object's tags: up to ten pairs (S3 API: "Categorizing your storage using tags").</summary>
internal static class ObjectTags
{
    /// <summary>What tags may hold besides letters, digits and spaces of any script.</summary>
    private static readonly SearchValues<char> marks = SearchValues.Create("_.:/=+-@");

    public static IReadOnlyList<S3Tag> Get(ObjectAttributes attributes) => [.. StoredTags.Of(attributes).Select(tag => new S3Tag(tag.Key, tag.Value))];

    /// <param name="tags">Checked; none removes the attribute.</param>
    public static ObjectAttributes Set(ObjectAttributes attributes, IReadOnlyList<S3Tag> tags) => StoredTags.Set(attributes, [.. tags.Select(tag => (tag.Key, tag.Value))]);

    /// <summary>Reads x-amz-tagging; none when it is absent.</summary>
    public static IReadOnlyList<S3Tag> ReadHeader(S3Request request) => CheckText(S3Headers.Tagging(request.Header("x-amz-tagging")));

    /// <exception cref="S3Exception">InvalidTag: reserved, or characters that tags do not have.</exception>
    public static IReadOnlyList<S3Tag> CheckText(IReadOnlyList<S3Tag> tags)
    {
        foreach (var (key, value) in tags)
        {
            if (!IsAllowed(key)) throw new S3Exception(S3Errors.InvalidTag, "The TagKey you have provided is invalid", ("TagKey", key));
            if (!IsAllowed(value)) throw new S3Exception(S3Errors.InvalidTag, "The TagValue you have provided is invalid", ("TagKey", key), ("TagValue", value));
            if (key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase))
                throw new S3Exception(S3Errors.InvalidTag, "System tags cannot be added/updated by requester", ("TagKey", key));
        }

        return tags;
    }

    private static bool IsAllowed(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune) || Rune.IsWhiteSpace(rune)) continue;
            if (rune.IsBmp && marks.Contains((char)rune.Value)) continue;

            // Accents and vowel signs belong to the letters of many scripts.
            if (Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)) return false;
        }

        return true;
    }
}
