using System.Buffers;

namespace Oort.Checksums.Tests;

internal static class Sequences
{
    /// <summary>The same bytes as a sequence of pieces of such lengths, empty ones included.</summary>
    internal static ReadOnlySequence<byte> Cut(ReadOnlyMemory<byte> memory, Func<int> nextLength)
    {
        var first = new Piece(default, 0);
        var last = first;
        while (!memory.IsEmpty)
        {
            var length = Math.Min(nextLength(), memory.Length);
            last = last.Append(memory[..length]);
            memory = memory[length..];
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        internal Piece(ReadOnlyMemory<byte> memory, long runningIndex) => (Memory, RunningIndex) = (memory, runningIndex);

        internal Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
