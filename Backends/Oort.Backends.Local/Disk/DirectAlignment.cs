using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Oort.Backends.Local;

/// <summary>What <see cref="IDiskFile.WriteDirect"/> wants of its arguments: the medium fetches the bytes itself, block by block.</summary>
public static class DirectAlignment
{
    /// <summary>Of what offsets, lengths and addresses must be multiples: a page of memory, and the largest block of common media.</summary>
    public const int Size = 4096;

    /// <summary>How far behind a multiple of <see cref="Size"/> the memory begins. Says nothing for long of memory that is not pinned.</summary>
    public static unsafe int PhaseOf(ReadOnlySpan<byte> memory) => (int)((nuint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(memory)) % Size);

    /// <exception cref="ArgumentException">An offset, length or address is no multiple.</exception>
    public static void ThrowIfNotAligned(long offset, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (offset % Size != 0)
            throw new ArgumentException($"Offset {offset} is no multiple of {Size}.", nameof(offset));
        if (first.Length % Size != 0 || PhaseOf(first) != 0)
            throw new ArgumentException($"{first.Length} bytes at phase {PhaseOf(first)} are not aligned to {Size}.", nameof(first));
        if (second.Length % Size != 0 || PhaseOf(second) != 0)
            throw new ArgumentException($"{second.Length} bytes at phase {PhaseOf(second)} are not aligned to {Size}.", nameof(second));
    }
}
