using System.Buffers;

namespace Oort.Checksums;

/// <summary>Streams that are hashed side by side, each in a lane of its own; a lane whose blocks have ended takes others while the rest go on.</summary>
/// <typeparam name="TOwner">By what the caller knows a lane's stream.</typeparam>
/// <remarks>
/// Not thread-safe. The lanes in use are always the first ones: as many lanes as the kernel is wide cost the same time however few are in use, so the
/// narrowest kernel that holds them all is taken, and the scalar one for a lone stream. With AVX-512 the two of a few streams that have most left go
/// faster than the others, beside them in scalar registers; they change at each run, so that streams of one length end together.
/// </remarks>
internal sealed unsafe class Md5Lanes<TOwner>(Md5LaneWidth width)
{
    // With more streams empty lanes are few, and what two scalar ones gain is lost on bookkeeping.
    private const int MixedCountMax = 12;

    // One µs: the bookkeeping of a run takes a fifth of that.
    private const int RunStrideCountMin = 4;

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

    /// <summary>Hashes that many blocks of every lane, or fewer; of two lanes it may be half as many again.</summary>
    /// <returns>How many that were, at least one; a lane has then ended or may be run on.</returns>
    public int Run(int blockCountMax)
    {
        if (width == Md5LaneWidth.Sixteen && Count is > 1 and <= MixedCountMax && RunMixed(blockCountMax) is > 0 and var mixedCount) return mixedCount;
        var blockCount = blockCountMax;
        for (var lane = 0; lane < Count; lane++) blockCount = Math.Min(blockCount, blockCounts[lane]);
        Compress(blockCount);
        for (var lane = 0; lane < Count; lane++) Advance(lane, blockCount);
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

    /// <summary>Hashes the two longest streams in scalar registers and the others beside them.</summary>
    /// <returns>As <see cref="Run"/>, or 0 when a stream is too short for a stride.</returns>
    private int RunMixed(int blockCountMax)
    {
        // 1. The two longest become the last.
        var (first, second) = (Count - 2, Count - 1);
        SwapLongestTo(second);
        SwapLongestTo(first);

        // 2. So long that streams of about one length, when each has been one of the two once, have ended together; and no longer than the shortest.
        var longCount = 0;
        for (var lane = 0; lane < Count; lane++)
            if (blockCounts[lane] >= blockCounts[first] - blockCounts[first] / Md5Engine.LaneCountMax) longCount++;
        var strideCount = Math.Max(blockCounts[first] / (longCount + Md5Engine.ScalarStride - Md5Engine.LaneStride), RunStrideCountMin);
        strideCount = Math.Min(strideCount, Math.Min(blockCountMax / Md5Engine.LaneStride, blockCounts[first] / Md5Engine.ScalarStride));
        for (var lane = 0; lane < first; lane++) strideCount = Math.Min(strideCount, blockCounts[lane] / Md5Engine.LaneStride);
        if (strideCount == 0) return 0;

        // 3. Vectors compute something in the rows of the two as well, which is overwritten.
        var (x, y) = (Load(first), Load(second));
        var (xSource, ySource) = (sources[first], sources[second]);
        for (var lane = first; lane < Md5Engine.LaneCountMax; lane++) sources[lane] = sources[0];
        fixed (uint* stateRows = states)
        fixed (nint* addresses = sources)
            Md5Engine.Append16And2(stateRows, (byte**)addresses, ref x, (byte*)xSource, ref y, (byte*)ySource, strideCount);
        Store(first, x);
        Store(second, y);
        (sources[first], sources[second]) = (xSource, ySource);

        for (var lane = 0; lane < first; lane++) Advance(lane, strideCount * Md5Engine.LaneStride);
        Advance(first, strideCount * Md5Engine.ScalarStride);
        Advance(second, strideCount * Md5Engine.ScalarStride);
        return strideCount * Md5Engine.LaneStride;
    }

    /// <summary>Of the lanes up to this one the longest changes places with it.</summary>
    private void SwapLongestTo(int lane)
    {
        var longest = lane;
        for (var i = 0; i < lane; i++)
            if (blockCounts[i] > blockCounts[longest]) longest = i;
        if (longest == lane) return;
        var state = Load(lane);
        Store(lane, Load(longest));
        Store(longest, state);
        (sources[lane], sources[longest]) = (sources[longest], sources[lane]);
        (blockCounts[lane], blockCounts[longest]) = (blockCounts[longest], blockCounts[lane]);
        (owners[lane], owners[longest]) = (owners[longest], owners[lane]);
        (pins[lane], pins[longest]) = (pins[longest], pins[lane]);
    }

    private void Advance(int lane, int blockCount)
    {
        blockCounts[lane] -= blockCount;
        sources[lane] += (nint)blockCount * Md5Engine.BlockSize;
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
