using System.Buffers;

namespace Oort.Checksums;

/// <summary>Streams that are hashed side by side, each in a lane of its own; a lane whose blocks have ended takes others while the rest go on.</summary>
/// <typeparam name="TOwner">By what the caller knows a lane's stream.</typeparam>
/// <remarks>
/// Not thread-safe. The lanes in use are always the first ones: as many lanes as the kernel is wide cost the same time however few are in use, so the
/// narrowest kernel that holds them all is taken, and the scalar one for a lone stream.
/// </remarks>
internal sealed unsafe class Md5Lanes<TOwner>(Md5LaneWidth width)
{
    private readonly uint[] states = new uint[4 * Md5Engine.LaneCountMax];
    private readonly nint[] sources = new nint[Md5Engine.LaneCountMax];
    private readonly int[] blockCounts = new int[Md5Engine.LaneCountMax];
    private readonly TOwner[] owners = new TOwner[Md5Engine.LaneCountMax];
    private readonly MemoryHandle[] pins = new MemoryHandle[Md5Engine.LaneCountMax];

    /// <summary>How many lanes are in use.</summary>
    public int Count { get; private set; }

    public bool HasRoom => Count < width.LaneCount();

    /// <summary>Gives a stream a lane. There must be room.</summary>
    /// <param name="blocks">At least one whole block, and only whole ones; pinned, and to stay unchanged, until the lane has ended.</param>
    public void Add(TOwner owner, Md5State state, ReadOnlyMemory<byte> blocks)
    {
        var lane = Count;
        pins[lane] = blocks.Pin();
        sources[lane] = (nint)pins[lane].Pointer;
        blockCounts[lane] = blocks.Length / Md5Engine.BlockSize;
        owners[lane] = owner;
        Store(lane, state);
        Count++;
    }

    /// <summary>Hashes that many blocks of every lane, or as many as the shortest has.</summary>
    /// <returns>How many that were.</returns>
    public int Run(int blockCountMax)
    {
        var blockCount = blockCountMax;
        for (var lane = 0; lane < Count; lane++) blockCount = Math.Min(blockCount, blockCounts[lane]);
        Compress(blockCount);
        for (var lane = 0; lane < Count; lane++)
        {
            blockCounts[lane] -= blockCount;
            sources[lane] += (nint)blockCount * Md5Engine.BlockSize;
        }

        return blockCount;
    }

    /// <summary>Takes out a stream whose blocks have ended.</summary>
    public bool TryTakeEnded(out TOwner owner, out Md5State state)
    {
        for (var lane = 0; lane < Count; lane++)
        {
            if (blockCounts[lane] > 0) continue;
            (owner, state) = (owners[lane], Load(lane));
            pins[lane].Dispose();
            MoveLastTo(lane);
            return true;
        }

        (owner, state) = (default!, default);
        return false;
    }

    private void Compress(int blockCount)
    {
        fixed (uint* stateRows = states)
        fixed (nint* addresses = sources)
        {
            if (Count <= 1 || width == Md5LaneWidth.One)
            {
                var state = Load(0);
                Md5Engine.Append(ref state, (byte*)addresses[0], blockCount);
                Store(0, state);
                return;
            }

            // Idle lanes read what the first one reads; what they compute is not looked at.
            for (var lane = Count; lane < Md5Engine.LaneCountMax; lane++) addresses[lane] = addresses[0];
            if (width == Md5LaneWidth.Sixteen) Md5Engine.Append16Wide(stateRows, (byte**)addresses, blockCount);
            else if (Count > 8) Md5Engine.Append16(stateRows, (byte**)addresses, blockCount);
            else Md5Engine.Append8(stateRows, (byte**)addresses, blockCount);
        }
    }

    private void MoveLastTo(int lane)
    {
        var last = --Count;
        Store(lane, Load(last));
        (sources[lane], blockCounts[lane], owners[lane], pins[lane]) = (sources[last], blockCounts[last], owners[last], pins[last]);
        (owners[last], pins[last]) = (default!, default);
    }

    private Md5State Load(int lane) => new()
    {
        A = states[lane],
        B = states[lane + Md5Engine.LaneCountMax],
        C = states[lane + 2 * Md5Engine.LaneCountMax],
        D = states[lane + 3 * Md5Engine.LaneCountMax],
    };

    private void Store(int lane, Md5State state)
    {
        states[lane] = state.A;
        states[lane + Md5Engine.LaneCountMax] = state.B;
        states[lane + 2 * Md5Engine.LaneCountMax] = state.C;
        states[lane + 3 * Md5Engine.LaneCountMax] = state.D;
    }
}
