using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Oort.Metadata;

/// <summary>Names one immutable plaintext run with its own key: an object's body, a part, an appended piece. 128 bits: the time in 48, then 80 random ones.</summary>
/// <remarks>The time is there for the index alone: what is written together lies together, and a commit writes few pages of it instead of one for each id.</remarks>
public readonly record struct DataId(UInt128 Value)
{
    /// <summary>Length on disk: one big-endian 128-bit number.</summary>
    public const int Size = 16;

    /// <summary>A new id for data that is written now.</summary>
    public static DataId Create(DateTimeOffset now) => new(OrderedId.Create(now));

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public static DataId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}

/// <summary>One life of a bucket name: the generation at which it was created. A bucket deleted and made again is another.</summary>
public readonly record struct BucketId(ulong Value)
{
    public override string ToString() => Value.ToString("x", CultureInfo.InvariantCulture);
}

/// <summary>Names a version of a key: its generation and 64 random bits, so that ids cannot be guessed from one another.</summary>
public readonly record struct VersionId(ulong Generation, ulong Nonce)
{
    /// <summary>The text form of the version that was written without versioning (S3 API).</summary>
    public const string NullText = "null";

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Generation:x16}{Nonce:x16}");

    public static bool TryParse(string text, out VersionId id)
    {
        id = default;
        if (text.Length != 32) return false;
        foreach (var c in text)
            if (!char.IsAsciiHexDigitLower(c)) return false;
        id = new(ulong.Parse(text.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
            ulong.Parse(text.AsSpan(16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        return true;
    }
}

/// <summary>Names a multipart upload: 128 bits, 32 hexadecimal digits as text. The first 48 bits are the time of its initiation, so that ids of
/// a key sort as ListMultipartUploads wants them and a marker keeps its place when its upload is gone; the other 80 are random.</summary>
public readonly record struct UploadId(UInt128 Value)
{
    public const int Size = 16;

    /// <summary>A new id for an upload initiated now.</summary>
    public static UploadId Create(DateTimeOffset initiated) => new(OrderedId.Create(initiated));

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public static UploadId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    public static bool TryParse(string text, out UploadId id)
    {
        var valid = UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && text.Length == 32;
        id = valid ? new(value) : default;
        return valid;
    }

    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}

/// <summary>128 bits that sort by time: 48 of Unix milliseconds, then 80 random ones.</summary>
internal static class OrderedId
{
    private const int RandomBits = 80;

    public static UInt128 Create(DateTimeOffset time)
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        var random = BinaryPrimitives.ReadUInt128BigEndian(bytes) & ((UInt128.One << RandomBits) - 1);
        return ((UInt128)(ulong)time.ToUnixTimeMilliseconds() << RandomBits) | random;
    }
}
