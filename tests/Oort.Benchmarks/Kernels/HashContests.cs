using System.Security.Cryptography;
using Oort.Checksums;

namespace Oort.Benchmarks.Kernels;

/// <summary>Hashes of pieces that stay in cache, beside OpenSSL as .NET calls it.</summary>
internal sealed class HashContests : IDisposable
{
    private readonly int length;
    private readonly byte[] data;
    private readonly byte[] digests;
    private readonly ReadOnlyMemory<byte>[] messages;
    private readonly IncrementalHash openSsl = IncrementalHash.CreateHash(HashAlgorithmName.MD5);

    /// <param name="streamCount">So many pieces, each of a stream of its own.</param>
    /// <param name="length">Of each, in bytes.</param>
    internal HashContests(int streamCount, int length)
    {
        this.length = length;
        data = new byte[streamCount * length];
        new Random(3).NextBytes(data);
        digests = new byte[streamCount * Md5.Size];
        messages = [.. Enumerable.Range(0, streamCount).Select(i => data.AsMemory(i * length, length))];
    }

    internal IReadOnlyList<Result> Md5Of(int rounds)
    {
        var competitors = new List<Competitor> { new("Oort", () => Md5.HashMany(messages, digests)) };
        foreach (var width in Md5LaneWidths.Supported.Reverse().Where(width => messages.Length > 1 || width == Md5LaneWidth.One))
            competitors.Add(new($"Oort {Describe(width)}", () => Md5.HashMany(messages, digests, width)));
        competitors.Add(new("OpenSSL", HashWithOpenSsl));
        CheckSameDigests(competitors);
        return Contest.Run(messages.Length == 1 ? $"MD5 of {Size}" : $"MD5 of {messages.Length} streams, {Size} each", data.Length, rounds, competitors);
    }

    /// <summary>Of the first piece.</summary>
    internal IReadOnlyList<Result> Sha256Of(int rounds)
    {
        var piece = data.AsMemory(0, length);
        var hash = new byte[Sha256.Size];
        return Contest.Run($"SHA-256 of {Size}", length, rounds,
            [new("Oort", () => Sha256.Hash(piece.Span, hash)), new(".NET", () => SHA256.HashData(piece.Span, hash))]);
    }

    public void Dispose() => openSsl.Dispose();

    private string Size => length < 1024 ? $"{length} bytes" : $"{length / 1024} KiB";

    private static string Describe(Md5LaneWidth width) => width switch
    {
        Md5LaneWidth.Sixteen => "16 lanes, AVX-512; up to 12 streams two of them scalar",
        Md5LaneWidth.Eight => "8 lanes or 2 × 8, AVX2",
        _ => "scalar",
    };

    private void HashWithOpenSsl()
    {
        for (var i = 0; i < messages.Length; i++)
        {
            openSsl.AppendData(messages[i].Span);
            openSsl.GetHashAndReset(digests.AsSpan(i * Md5.Size));
        }
    }

    /// <summary>A benchmark of wrong results is worth nothing.</summary>
    private void CheckSameDigests(List<Competitor> competitors)
    {
        var right = messages.SelectMany(message => MD5.HashData(message.Span)).ToArray();
        foreach (var competitor in competitors)
        {
            digests.AsSpan().Clear();
            competitor.Work();
            if (!digests.AsSpan().SequenceEqual(right)) throw new InvalidOperationException($"{competitor.Name} computes another MD5.");
        }
    }
}
