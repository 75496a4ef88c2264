using System.Globalization;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

/// <summary>The hashes of tests/vectors/checksums/xxhash.csv, at every length where the algorithm changes its way.</summary>
public sealed class XxHashTests
{
    private const ulong Start = 2654435761;
    private const ulong Step = 11400714785074694797;

    private static readonly (int Length, string Hash64, string Hash3, string Hash128)[] vectors =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "xxhash.csv")).Skip(2).Select(line => line.Split(',')).Select(cells => (int.Parse(cells[0], CultureInfo.InvariantCulture), cells[1], cells[2], cells[3]))];

    private static readonly byte[] bytes = Buffer(vectors[^1].Length);

    /// <param name="pieceSize">How many bytes come at once: around the stripes of 32 and 64 bytes and the 256 that wait.</param>
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(1000)]
    [InlineData(5000)]
    public void Finish_InPieces_GivesTheLibrarysValues(int pieceSize)
    {
        using var hash64 = new RunningChecksum(ChecksumAlgorithm.XxHash64);
        using var hash3 = new RunningChecksum(ChecksumAlgorithm.XxHash3);
        using var hash128 = new RunningChecksum(ChecksumAlgorithm.XxHash128);
        vectors.Length.ShouldBeGreaterThan(80);
        foreach (var (length, expected64, expected3, expected128) in vectors)
        {
            foreach (var piece in bytes.Take(length).Chunk(pieceSize))
            {
                hash64.Append(piece);
                hash3.Append(piece);
                hash128.Append(piece);
            }

            (length, Hex(hash64), Hex(hash3), Hex(hash128)).ShouldBe((length, expected64, expected3, expected128));
        }
    }

    private static string Hex(RunningChecksum running) => Convert.ToHexStringLower(running.Finish());

    private static byte[] Buffer(int length)
    {
        var buffer = new byte[length];
        var value = Start;
        for (var i = 0; i < length; i++, value *= Step) buffer[i] = (byte)(value >> 56);
        return buffer;
    }
}
