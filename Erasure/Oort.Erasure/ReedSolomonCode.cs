namespace Oort.Erasure;

/// <summary>One code: its parity map, and the maps that undo losses.</summary>
internal sealed class ReedSolomonCode : IErasureCode
{
    private readonly FieldMatrix matrix;
    private readonly LinearMap encoder;
    private readonly DecoderCache decoders;

    internal ReedSolomonCode(int dataShards, int parityShards)
    {
        DataShards = dataShards;
        ParityShards = parityShards;
        matrix = CodingMatrix.Create(dataShards, parityShards);
        encoder = new LinearMap(matrix);
        decoders = new DecoderCache(matrix);
    }

    public int DataShards { get; }

    public int ParityShards { get; }

    private int TotalShards => DataShards + ParityShards;

    public unsafe void Encode(ReadOnlySpan<byte> data, Span<byte> parity, int cellSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cellSize);
        if (data.Length != (long)DataShards * cellSize) throw new ArgumentException($"Needs {DataShards} cells of {cellSize} bytes.", nameof(data));
        if (parity.Length != (long)ParityShards * cellSize) throw new ArgumentException($"Needs {ParityShards} cells of {cellSize} bytes.", nameof(parity));
        if (data.Overlaps(parity)) throw new ArgumentException("Overlaps the data.", nameof(parity));
        fixed (byte* firstData = data, firstParity = parity) Encode(firstData, firstParity, cellSize, cellSize);
    }

    public unsafe void Encode(Span<byte> cells, int stride, int cellSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cellSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, cellSize);
        if (cells.Length < (TotalShards - 1L) * stride + cellSize) throw new ArgumentException($"Needs {TotalShards} cells of {cellSize} bytes, {stride} apart.", nameof(cells));
        fixed (byte* first = cells) Encode(first, first + (nint)DataShards * stride, stride, cellSize);
    }

    public unsafe void Reconstruct(Span<byte> stripe, int cellSize, ReadOnlySpan<bool> present, ReadOnlySpan<bool> wanted)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cellSize);
        if (stripe.Length != (long)TotalShards * cellSize) throw new ArgumentException($"Needs {TotalShards} cells of {cellSize} bytes.", nameof(stripe));
        if (present.Length != TotalShards) throw new ArgumentException($"Needs {TotalShards} flags.", nameof(present));
        if (wanted.Length != TotalShards) throw new ArgumentException($"Needs {TotalShards} flags.", nameof(wanted));

        // The first k present: data before parity, so that as little as possible is decoded, and the XOR row before the others.
        Span<int> read = stackalloc int[DataShards];
        Span<int> made = stackalloc int[TotalShards];
        var readCount = 0;
        var madeCount = 0;
        for (var index = 0; index < TotalShards; index++)
        {
            if (!present[index])
            {
                if (wanted[index]) made[madeCount++] = index;
            }
            else if (readCount < DataShards)
            {
                read[readCount++] = index;
            }
        }

        if (readCount < DataShards) throw new ArgumentException($"Fewer than {DataShards} cells are present.", nameof(present));
        if (madeCount == 0 || cellSize == 0) return;

        var decoder = decoders.Get(read, made[..madeCount]);
        var inputs = stackalloc byte*[DataShards];
        var outputs = stackalloc byte*[madeCount];
        fixed (byte* first = stripe)
        {
            for (var j = 0; j < DataShards; j++) inputs[j] = first + (nint)read[j] * cellSize;
            for (var i = 0; i < madeCount; i++) outputs[i] = first + (nint)made[i] * cellSize;
            decoder.Apply(KernelLevels.Best, inputs, outputs, cellSize);
        }
    }

    private unsafe void Encode(byte* data, byte* parity, int stride, int cellSize)
    {
        if (ParityShards == 0 || cellSize == 0) return;
        var inputs = stackalloc byte*[DataShards];
        var outputs = stackalloc byte*[ParityShards];
        for (var j = 0; j < DataShards; j++) inputs[j] = data + (nint)j * stride;
        for (var i = 0; i < ParityShards; i++) outputs[i] = parity + (nint)i * stride;
        encoder.Apply(KernelLevels.Best, inputs, outputs, cellSize);
    }
}
