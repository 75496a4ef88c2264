using System.IO.Pipelines;
using System.Text;
using Shouldly;
using static Oort.S3.Tests.Reading;

namespace Oort.S3.Tests;

public sealed class AwsChunkedReaderTests
{
    private const string Crc = "x-amz-checksum-crc32";
    private static readonly byte[] Body = Encoding.ASCII.GetBytes("The quick brown fox jumps over the lazy dog, and over it again.");

    public static TheoryData<PayloadKind> Kinds() => [PayloadKind.SignedChunks, PayloadKind.SignedChunksWithTrailer, PayloadKind.UnsignedChunksWithTrailer];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_SplitAtEveryByte_GivesTheSameBody(PayloadKind kind)
    {
        var raw = Frame(kind, Body, 20);
        for (var at = 0; at <= raw.Length; at++)
        {
            foreach (var style in Enum.GetValues<Style>())
            {
                var (decoded, trailers) = await DecodeAsync(kind, PieceReader.Split(raw, at, endsApart: at % 2 == 0), Body.Length, style);
                decoded.ShouldBe(Body);
                trailers.Count.ShouldBe(kind == PayloadKind.SignedChunks ? 0 : 1);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_ByteByByte_GivesTheSameBody(PayloadKind kind)
    {
        var raw = Frame(kind, Body, 7);
        foreach (var style in Enum.GetValues<Style>())
        {
            var pieces = raw.Select(static b => new[] { b }).ToArray();
            var (decoded, _) = await DecodeAsync(kind, new PieceReader(true, pieces), Body.Length, style);
            decoded.ShouldBe(Body);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_EmptyBody_GivesNothing(PayloadKind kind)
    {
        var (decoded, _) = await DecodeAsync(kind, PieceReader.Of(Frame(kind, [], 20)), 0);
        decoded.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_CutAnywhere_FailsAndNeverCompletes(PayloadKind kind)
    {
        var raw = Frame(kind, Body, 20);
        // Without the last empty line the body still says all; a signed one without trailers even needs no more than its last header.
        for (var length = 0; length < raw.Length - 2; length++)
        {
            var error = await Should.ThrowAsync<S3Exception>(() => DecodeAsync(kind, PieceReader.Of(raw[..length]), Body.Length));
            error.Error.Code.ShouldBeOneOf("IncompleteBody", "MalformedTrailerError");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_LastEmptyLineLeftOut_IsAccepted(PayloadKind kind)
    {
        var raw = Frame(kind, Body, 20);
        var (decoded, _) = await DecodeAsync(kind, PieceReader.Of(raw[..^2]), Body.Length);
        decoded.ShouldBe(Body);
    }

    [Theory]
    [InlineData(PayloadKind.SignedChunks)]
    [InlineData(PayloadKind.SignedChunksWithTrailer)]
    public async Task Read_AnyByteOfSignedBodyFlipped_FailsOrGivesTheSameBody(PayloadKind kind)
    {
        var raw = Frame(kind, Body, 20);
        for (var i = 0; i < raw.Length; i++)
        {
            var damaged = raw.ToArray();
            damaged[i] ^= 0x20;
            try
            {
                // The case of hex digits and of trailer names does not count.
                var (decoded, trailers) = await DecodeAsync(kind, PieceReader.Of(damaged), Body.Length);
                decoded.ShouldBe(Body);
                trailers.Values.ShouldAllBe(static value => value == "AAAAAA==");
            }
            catch (S3Exception)
            {
                continue;
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(19)]
    public async Task Read_SignedChunkDamaged_FailsBeforeItsLastByteIsReleased(int damagedAt)
    {
        var raw = Frame(PayloadKind.SignedChunks, Body, 20);
        var second = Find(raw, Body[20..40]);
        raw[second + damagedAt] ^= 1;
        // All but the chunk's last byte comes first.
        var inner = PieceReader.Split(raw, second + 19);
        var reader = Reader(PayloadKind.SignedChunks, inner, Body.Length, []);
        var first = await reader.ReadAsync(TestContext.Current.CancellationToken);
        first.Buffer.Length.ShouldBe(39);
        first.IsCompleted.ShouldBeFalse();
        reader.AdvanceTo(first.Buffer.Start, first.Buffer.End);
        var error = await Should.ThrowAsync<S3Exception>(async () => await reader.ReadAsync(TestContext.Current.CancellationToken));
        error.Error.ShouldBe(S3Errors.SignatureDoesNotMatch);
        await Should.ThrowAsync<S3Exception>(async () => await reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Read_LargeSignedChunk_IsReleasedAsItComes()
    {
        var body = new byte[4 << 20];
        new Random(1).NextBytes(body);
        var cancellationToken = TestContext.Current.CancellationToken;
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024, useSynchronizationContext: false));
        using var reader = Reader(PayloadKind.SignedChunks, pipe.Reader, body.Length, []);
        var writing = WriteAsync();
        using var read = new MemoryStream();
        for (var isCompleted = false; !isCompleted;)
        {
            var result = await reader.ReadAsync(cancellationToken);
            // What the pipe lets in beyond its threshold is one piece.
            result.Buffer.Length.ShouldBeLessThan(128 * 1024);
            foreach (var segment in result.Buffer) read.Write(segment.Span);
            isCompleted = result.IsCompleted;
            reader.AdvanceTo(result.Buffer.End);
        }

        await writing;
        read.ToArray().AsSpan().SequenceEqual(body).ShouldBeTrue();

        async Task WriteAsync()
        {
            foreach (var piece in Frame(PayloadKind.SignedChunks, body, body.Length).Chunk(16 * 1024))
                await pipe.Writer.WriteAsync(piece, cancellationToken);
            await pipe.Writer.CompleteAsync();
        }
    }

    [Fact]
    public async Task Read_ChunksReordered_DoesNotMatch()
    {
        var raw = Encoding.ASCII.GetString(Frame(PayloadKind.SignedChunks, Body[..40], 20));
        var chunkLength = raw.IndexOf("14;", 1, StringComparison.Ordinal);
        var swapped = raw[chunkLength..(2 * chunkLength)] + raw[..chunkLength] + raw[(2 * chunkLength)..];
        await FailsAsync(PayloadKind.SignedChunks, swapped, 40, S3Errors.SignatureDoesNotMatch);
    }

    [Theory]
    [InlineData("3\r\nabc\r\n0\r\n\r\n", 2, "IncompleteBody")] // more than declared
    [InlineData("3\r\nabc\r\n0\r\n\r\n", 4, "IncompleteBody")] // less than declared
    [InlineData("3\r\nabcd\r\n0\r\n\r\n", 4, "InvalidChunkSizeError")] // the data goes on where the chunk ends
    [InlineData("g\r\nabc\r\n0\r\n\r\n", 3, "InvalidChunkSizeError")]
    [InlineData("-3\r\nabc\r\n0\r\n\r\n", 3, "InvalidChunkSizeError")]
    [InlineData("\r\nabc\r\n0\r\n\r\n", 3, "InvalidChunkSizeError")]
    [InlineData("3\nabc\r\n0\r\n\r\n", 3, "InvalidChunkSizeError")] // no CR
    [InlineData("ffffffffffffffff\r\nabc", 3, "InvalidChunkSizeError")] // past a long
    [InlineData("fffffffffffffff\r\nabc", 3, "IncompleteBody")]
    [InlineData("3\r\nabc\r\n0\r\n\r\nx", 3, "MalformedTrailerError")] // bytes after the end
    [InlineData("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 3, "MalformedTrailerError")] // not announced
    [InlineData("3\r\nabc\r\n0\r\nnothing\r\n\r\n", 3, "MalformedTrailerError")]
    [InlineData("3\r\nabc\r\n0\r\n:x\r\n\r\n", 3, "MalformedTrailerError")]
    public async Task Read_UnsignedMalformed_SaysWhat(string raw, int declared, string code)
    {
        var error = await Should.ThrowAsync<S3Exception>(() => DecodeAsync(PayloadKind.UnsignedChunksWithTrailer, PieceReader.Of(Encoding.ASCII.GetBytes(raw)), declared, announced: []));
        error.Error.Code.ShouldBe(code);
    }

    [Theory]
    [InlineData("3;ext=1;other\r\nabc\r\n0\r\n\r\n")]
    [InlineData("003\r\nabc\r\n0\r\n\r\n")]
    [InlineData("1\r\na\r\n2\r\nbc\r\n0\r\n")]
    [InlineData("3 \r\nabc\r\n0\r\n\r\n")]
    public async Task Read_UnsignedUnusual_IsAccepted(string raw)
    {
        var (decoded, _) = await DecodeAsync(PayloadKind.UnsignedChunksWithTrailer, PieceReader.Of(Encoding.ASCII.GetBytes(raw)), 3, announced: []);
        decoded.ShouldBe("abc"u8.ToArray());
    }

    [Fact]
    public async Task Read_AnnouncedTrailerMissing_IsMalformed()
    {
        var raw = Chunked.Unsigned(Body, 20);
        var error = await Should.ThrowAsync<S3Exception>(() => DecodeAsync(PayloadKind.UnsignedChunksWithTrailer, PieceReader.Of(raw), Body.Length));
        error.Error.ShouldBe(S3Errors.MalformedTrailerError);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public async Task Read_TrailerWithEitherLineEnd_IsTaken(string lineEnd)
    {
        var raw = Encoding.ASCII.GetBytes($"0\r\nX-Amz-Checksum-CRC32 : AAAAAA== {lineEnd}\r\n");
        var (_, trailers) = await DecodeAsync(PayloadKind.UnsignedChunksWithTrailer, PieceReader.Of(raw), 0);
        trailers[Crc].ShouldBe("AAAAAA==");
    }

    [Fact]
    public async Task Read_HeaderWithoutEnd_IsRefusedBeforeItGrows()
    {
        var raw = Enumerable.Repeat((byte)'0', 300).ToArray();
        await FailsAsync(PayloadKind.UnsignedChunksWithTrailer, Encoding.ASCII.GetString(raw), 1, S3Errors.InvalidChunkSizeError);
    }

    [Fact]
    public async Task Read_TrailersWithoutEnd_AreRefusedBeforeTheyGrow()
    {
        var raw = "0\r\nx-amz-checksum-crc32:" + new string('A', 5000);
        await FailsAsync(PayloadKind.UnsignedChunksWithTrailer, raw, 0, S3Errors.MalformedTrailerError);
        var many = "0\r\n" + string.Concat(Enumerable.Range(0, 40).Select(static i => $"x-{i}:y\r\n")) + "\r\n";
        await FailsAsync(PayloadKind.UnsignedChunksWithTrailer, many, 0, S3Errors.MalformedTrailerError);
    }

    [Theory]
    [InlineData("3\r\nabc\r\n")]
    [InlineData("3;chunk-signature=12\r\nabc\r\n")]
    [InlineData("3;signature=0000000000000000000000000000000000000000000000000000000000000000\r\nabc\r\n")]
    public async Task Read_SignedChunkWithoutSignature_IsRefused(string raw) => await FailsAsync(PayloadKind.SignedChunks, raw, 3, S3Errors.InvalidRequest);

    [Fact]
    public async Task Read_MutatedBodies_ThrowNothingButS3Exception()
    {
        const int Seed = 20261122;
        var random = new Random(Seed);
        foreach (var kind in Kinds().Select(static row => row.Data))
        {
            var raw = Frame(kind, Body, 16);
            for (var i = 0; i < 2000; i++)
            {
                var mutated = Mutation.Of(raw, random);
                var cut = random.Next(mutated.Length + 1);
                try
                {
                    var (decoded, _) = await DecodeAsync(kind, PieceReader.Split(mutated, cut), Body.Length, (Style)random.Next(4));
                    decoded.Length.ShouldBe(Body.Length);
                }
                catch (S3Exception)
                {
                    continue;
                }
            }
        }
    }

    private static byte[] Frame(PayloadKind kind, byte[] body, int chunkSize) => kind switch
    {
        PayloadKind.SignedChunks => Chunked.Signed(Chunked.Signer(), body, chunkSize),
        PayloadKind.SignedChunksWithTrailer => Chunked.Signed(Chunked.Signer(), body, chunkSize, (Crc, "AAAAAA==")),
        _ => Chunked.Unsigned(body, chunkSize, (Crc, "AAAAAA==")),
    };

    private static AwsChunkedReader Reader(PayloadKind kind, PipeReader inner, long declared, Dictionary<string, string> trailers, string[]? announced = null)
    {
        announced ??= kind == PayloadKind.SignedChunks ? [] : [Crc];
        var signer = kind == PayloadKind.UnsignedChunksWithTrailer ? null : Chunked.Signer();
        return new AwsChunkedReader(inner, new AwsChunkedParser(kind, signer, declared, announced, trailers));
    }

    private static async Task<(byte[] Body, Dictionary<string, string> Trailers)> DecodeAsync(PayloadKind kind, PipeReader inner, long declared, Style style = Style.All, string[]? announced = null)
    {
        var trailers = new Dictionary<string, string>();
        using var reader = Reader(kind, inner, declared, trailers, announced);
        return (await reader.ToEndAsync(style), trailers);
    }

    private static async Task FailsAsync(PayloadKind kind, string raw, long declared, S3Error error)
    {
        var thrown = await Should.ThrowAsync<S3Exception>(() => DecodeAsync(kind, PieceReader.Of(Encoding.ASCII.GetBytes(raw)), declared));
        thrown.Error.ShouldBe(error);
    }

    private static int Find(byte[] where, byte[] what) => where.AsSpan().IndexOf(what);
}
