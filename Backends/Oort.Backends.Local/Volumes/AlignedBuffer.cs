namespace Oort.Backends.Local;

/// <summary>Memory that <see cref="IDiskFile.WriteDirect"/> takes: pinned, beginning at a multiple of <see cref="DirectAlignment.Size"/>.</summary>
internal sealed class AlignedBuffer
{
    private readonly byte[] _array;
    private readonly int _start;

    /// <param name="size">In bytes.</param>
    public AlignedBuffer(int size)
    {
        _array = GC.AllocateUninitializedArray<byte>(size + DirectAlignment.Size - 1, pinned: true);
        var phase = DirectAlignment.PhaseOf(_array);
        _start = phase == 0 ? 0 : DirectAlignment.Size - phase;
        Size = size;
    }

    public int Size { get; }

    public Span<byte> Span => _array.AsSpan(_start, Size);

    public Memory<byte> Memory => _array.AsMemory(_start, Size);
}
