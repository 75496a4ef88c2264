using Oort.Objects.Budget;
using Oort.Objects.Shards;

namespace Oort.Objects.Writing;

/// <summary>A buffer for one run, and which stripes lie in it.</summary>
/// <remarks>Used by one upload. Holds plaintext only while a chunk is being received: it is sealed where it lies.</remarks>
internal sealed class RunBuffer(PooledBuffer memory, RunShape shape) : IDisposable
{
    public RunShape Shape => shape;

    /// <summary>The stripe of the segment that lies at the beginning.</summary>
    public int First { get; private set; }

    /// <summary>The stripe after the last.</summary>
    public int End { get; private set; }

    /// <summary>Room for one chunk.</summary>
    public Memory<byte> Scratch => memory.Memory.Slice(shape.ScratchOffset, ShardLayout.FullCellSize);

    /// <summary>Begins a run of a segment.</summary>
    public void Begin(in ShardLayout layout, int first)
    {
        First = first;
        End = first + shape.CountFrom(layout, first);
    }

    /// <summary>A stripe's cell of one shard.</summary>
    public Memory<byte> Cell(int stripe, int shard, int cellSize) => memory.Memory.Slice(shard * shape.RegionSize + CellOffset(stripe), cellSize);

    /// <summary>From a stripe's first cell to the end; its cells are <see cref="RunShape.RegionSize"/> apart.</summary>
    public Span<byte> Row(int stripe) => memory.Span[CellOffset(stripe)..];

    /// <summary>One shard's part of the run.</summary>
    public Memory<byte> Region(int shard) => memory.Memory.Slice(shard * shape.RegionSize, shape.RegionSize);

    /// <summary>Overwrites everything: for a run that broke off with plaintext in it.</summary>
    public void Clear() => memory.Clear();

    /// <summary>Gives the buffer back when <paramref name="users"/> has ended, however it ends.</summary>
    public void DisposeAfter(Task users) => memory.DisposeAfter(users);

    public void Dispose() => memory.Dispose();

    private int CellOffset(int stripe) => RunShape.HeadSize + (stripe - First) * ShardLayout.FullCellSize;
}
