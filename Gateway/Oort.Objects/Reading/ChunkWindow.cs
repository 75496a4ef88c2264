using Oort.Crypto;
using Oort.Objects.Shards;

namespace Oort.Objects.Reading;

/// <summary>Neighbouring chunks of one data id that lie together in one segment, in one run of stripes or less: what is read at a time. It is decrypted and sent stripe by stripe.</summary>
/// <param name="Data">Whose.</param>
/// <param name="Segment">Where.</param>
/// <param name="PayloadOffset">Of the first chunk, in the segment's payload.</param>
/// <param name="FirstChunk">Its number in the data id.</param>
/// <param name="ChunkCount">How many chunks, at least one.</param>
/// <param name="From">First plaintext byte wanted, within the data id; bytes before the first chunk are none of this window's.</param>
/// <param name="To">The byte after the last one wanted; it lies in the last chunk.</param>
internal sealed record ChunkWindow(OpenData Data, OpenSegment Segment, long PayloadOffset, long FirstChunk, int ChunkCount, long From, long To)
{
    /// <summary>Where the window's sealed chunks end in the payload.</summary>
    public long PayloadEnd => Place(ChunkCount - 1).To;

    /// <summary>Where a sealed chunk lies in the payload.</summary>
    /// <param name="index">Within the window.</param>
    public (long From, long To) Place(int index)
    {
        var from = PayloadOffset + (long)index * ChunkCipher.SealedSize;
        return (from, from + Data.LengthOf(FirstChunk + index) + ChunkCipher.TagSize);
    }

    /// <summary>The window without its first chunks.</summary>
    /// <param name="count">0 … <see cref="ChunkCount"/> − 1.</param>
    public ChunkWindow After(int count) =>
        count == 0 ? this : this with { PayloadOffset = PayloadOffset + (long)count * ChunkCipher.SealedSize, FirstChunk = FirstChunk + count, ChunkCount = ChunkCount - count };

    /// <summary>The chunks from one on up to the end of its stripe; where that one reaches over it (in a pack), it alone.</summary>
    /// <param name="first">0 … <see cref="ChunkCount"/> − 1.</param>
    public ChunkWindow InStripe(int first)
    {
        var rest = After(first);
        var count = (int)Math.Min(rest.ChunkCount, CountBefore((long)Segment.Geometry.DataShards * ShardLayout.FullCellSize, rest.PayloadOffset));
        return rest with { ChunkCount = count, To = Math.Min(To, (rest.FirstChunk + count) * ChunkCipher.PlaintextSize) };
    }

    /// <summary>How many sealed chunks lie before the next multiple of a length; at least one, which may reach over it.</summary>
    public static long CountBefore(long length, long payloadOffset) => Math.Max(1, (length - payloadOffset % length) / ChunkCipher.SealedSize);

    /// <summary>Which bytes of a chunk's plaintext are wanted.</summary>
    public (int From, int To) Wanted(int index)
    {
        var begin = (FirstChunk + index) * ChunkCipher.PlaintextSize;
        return ((int)Math.Max(0, From - begin), (int)Math.Min(Data.LengthOf(FirstChunk + index), To - begin));
    }
}
