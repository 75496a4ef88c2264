using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Oort.S3;

/// <summary>Reads the fields of a form up to its file (RFC 7578), and stops there.</summary>
internal static class PostFormReader
{
    /// <summary>Bytes of all fields together, names and values (S3 API: "POST Object").</summary>
    public const int FieldBytesMax = 20 * 1024;

    /// <summary>Bytes that may follow the file: the fields of a form's buttons, and the last boundary.</summary>
    public const int AfterBytesMax = 64 * 1024;

    // RFC 2046 §5.1.1.
    private const int BoundaryLengthMax = 70;

    // A field has one or two headers; a file's name is in one of them.
    private const int HeaderCountMax = 16;
    private const int HeaderBytesMax = 8 * 1024;

    private const int BufferBytes = 16 * 1024;
    private const string FileField = "file";

    private static readonly UTF8Encoding strict = new(false, throwOnInvalidBytes: true);

    /// <exception cref="S3Exception">MissingContentLength, MalformedPOSTRequest, MaxPostPreDataLengthExceededError, IncorrectNumberOfFilesInPostRequest, InvalidArgument: a field twice.</exception>
    public static async ValueTask<PostForm> ReadAsync(HttpContext http, PipeReader body, CancellationToken cancellationToken)
    {
        if (http.Request.ContentLength is not { } length) throw new S3Exception(S3Errors.MissingContentLength);
        var source = new CountedStream(body.AsStream(leaveOpen: true));
        var reader = new MultipartReader(BoundaryOf(http.Request.ContentType), source, BufferBytes) { HeadersCountLimit = HeaderCountMax, HeadersLengthLimit = HeaderBytesMax };
        var (fields, left) = (new List<KeyValuePair<string, string>>(), FieldBytesMax);
        try
        {
            while (await reader.ReadNextSectionAsync(cancellationToken) is { } section)
            {
                if (section.GetContentDispositionHeader() is not { } disposition || !disposition.DispositionType.Equals("form-data", StringComparison.OrdinalIgnoreCase)) throw Malformed();
                var name = HeaderUtilities.RemoveQuotes(disposition.Name).ToString();
                if (name.Length == 0) throw Malformed();
                if (name.Equals(FileField, StringComparison.OrdinalIgnoreCase))
                {
                    // What was read of the file already makes the least a little smaller: up to a buffer more than the most may follow.
                    var least = Math.Max(0, length - source.Count - AfterBytesMax);
                    return new(fields, NameOf(disposition), new(PipeReader.Create(section.Body, new(http.Features.Get<IMemoryPoolFeature>()?.MemoryPool, BufferBytes, leaveOpen: true)), least));
                }

                left -= strict.GetByteCount(name);
                var value = await ReadValueAsync(section.Body, left, cancellationToken);
                left -= strict.GetByteCount(value);
                fields.Add(new(name, value));
            }
        }
        catch (Exception failure) when (FormFile.IsMalformed(failure))
        {
            throw Malformed();
        }

        throw new S3Exception(S3Errors.IncorrectNumberOfFilesInPostRequest);
    }

    public static S3Exception Malformed(string? detail = null) => new(S3Errors.MalformedPostRequest, detail);

    private static string BoundaryOf(string? contentType)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type)) throw Malformed();
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        return boundary.Length is > 0 and <= BoundaryLengthMax ? boundary : throw Malformed();
    }

    private static async ValueTask<string> ReadValueAsync(Stream section, int bytesMax, CancellationToken cancellationToken)
    {
        var value = new byte[Math.Max(0, bytesMax) + 1];
        var count = await section.ReadAtLeastAsync(value, value.Length, throwOnEndOfStream: false, cancellationToken);
        if (count == value.Length) throw new S3Exception(S3Errors.MaxPostPreDataLengthExceededError, null, ("MaxPostPreDataLengthInBytes", FieldBytesMax.ToString(CultureInfo.InvariantCulture)));
        try
        {
            return strict.GetString(value.AsSpan(0, count));
        }
        catch (DecoderFallbackException)
        {
            throw Malformed("The fields of the form are not UTF-8.");
        }
    }

    /// <summary>The file's own name: some browsers send the folders before it.</summary>
    private static string NameOf(ContentDispositionHeaderValue disposition)
    {
        var name = HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).ToString();
        return name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
    }

    /// <summary>Knows how much was taken.</summary>
    private sealed class CountedStream(Stream inner) : Stream
    {
        public long Count { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            Count += count;
            return count;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
