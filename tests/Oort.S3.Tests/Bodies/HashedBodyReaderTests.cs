using System.Security.Cryptography;
using Shouldly;
using static Oort.S3.Tests.Reading;

namespace Oort.S3.Tests;

public sealed class HashedBodyReaderTests
{
    private static readonly byte[] Body = [.. Enumerable.Range(0, 100).Select(static i => (byte)i)];

    [Fact]
    public async Task Read_SplitAtEveryByte_GivesTheBody()
    {
        for (var at = 0; at <= Body.Length; at++)
        {
            foreach (var style in Enum.GetValues<Style>())
            {
                using var reader = new HashedBodyReader(PieceReader.Split(Body, at, endsApart: at % 2 == 0), SHA256.HashData(Body), Body.Length);
                (await reader.ToEndAsync(style)).ShouldBe(Body);
            }
        }
    }

    [Theory]
    [InlineData(100L)]
    [InlineData(null)]
    public async Task Read_OtherHash_FailsBeforeTheLastBytesAreHandedOver(long? length)
    {
        using var reader = new HashedBodyReader(PieceReader.Split(Body, 60), SHA256.HashData("other"u8), length);
        var first = await reader.ReadAsync(TestContext.Current.CancellationToken);
        first.IsCompleted.ShouldBeFalse();
        reader.AdvanceTo(first.Buffer.Start, first.Buffer.End);
        var error = await Should.ThrowAsync<S3Exception>(async () => await reader.ReadAsync(TestContext.Current.CancellationToken));
        error.Error.ShouldBe(S3Errors.XAmzContentSha256Mismatch);
    }

    [Fact]
    public async Task Read_ReaderThatStopsAtTheLength_HasSeenTheHashCompared()
    {
        using var reader = new HashedBodyReader(new PieceReader(true, Body), SHA256.HashData("other"u8), Body.Length);
        await Should.ThrowAsync<S3Exception>(async () => await reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Read_EmptyBody_IsCompared()
    {
        using var right = new HashedBodyReader(PieceReader.Of([]), SHA256.HashData([]), 0);
        (await right.ToEndAsync()).ShouldBeEmpty();
        using var wrong = new HashedBodyReader(PieceReader.Of([]), SHA256.HashData("other"u8), 0);
        await Should.ThrowAsync<S3Exception>(() => wrong.ToEndAsync());
    }
}
