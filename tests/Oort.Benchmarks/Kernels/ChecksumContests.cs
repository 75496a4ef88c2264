using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Oort.Checksums;

namespace Oort.Benchmarks.Kernels;

/// <summary>Checksums of one cell that stays in cache.</summary>
internal sealed unsafe class ChecksumContests : IDisposable
{
    private readonly int length;
    private readonly byte* buffer;

    // Results go somewhere, so that no call can be left out.
    private ulong sink;

    internal ChecksumContests(int length)
    {
        this.length = length;
        buffer = (byte*)NativeMemory.AlignedAlloc((nuint)length, 64);
        new Random(2).NextBytes(Bytes);
    }

    private ReadOnlySpan<byte> Data => new(buffer, length);

    private Span<byte> Bytes => new(buffer, length);

    internal IReadOnlyList<Result> Crc64(int rounds)
    {
        var competitors = Paths<Crc64NvmePolynomial>(() => sink += Crc64Nvme.Compute(Data));
        if (IsaL.IsPresent)
        {
            competitors.Add(new("ISA-L", () => sink += IsaL.Crc64EcmaReflected(0, buffer, (ulong)length)));
            if (Pclmulqdq.IsSupported) competitors.Add(new("ISA-L 128 bits", () => sink += IsaL.Crc64EcmaReflected128(0, buffer, (ulong)length)));
        }

        return Contest.Run($"CRC-64/NVME of {length / 1024} KiB", length, rounds, competitors);
    }

    internal IReadOnlyList<Result> Crc32Of(int rounds)
    {
        var competitors = Paths<Crc32Polynomial>(() => sink += Crc32.Compute(Data));
        if (IsaL.IsPresent)
        {
            if (IsaL.Crc32Gzip(0, buffer, (ulong)length) != Crc32.Compute(Data)) throw new InvalidOperationException("ISA-L computes another CRC-32.");
            competitors.Add(new("ISA-L", () => sink += IsaL.Crc32Gzip(0, buffer, (ulong)length)));
        }

        return Contest.Run($"CRC-32 of {length / 1024} KiB", length, rounds, competitors);
    }

    internal IReadOnlyList<Result> Crc32COf(int rounds)
    {
        var competitors = Paths<Crc32CPolynomial>(() => sink += Crc32C.Compute(Data));
        if (IsaL.IsPresent)
        {
            if (~IsaL.Crc32Iscsi(buffer, length, uint.MaxValue) != Crc32C.Compute(Data)) throw new InvalidOperationException("ISA-L computes another CRC-32C.");
            competitors.Add(new("ISA-L", () => sink += IsaL.Crc32Iscsi(buffer, length, uint.MaxValue)));
        }

        return Contest.Run($"CRC-32C of {length / 1024} KiB", length, rounds, competitors);
    }

    public void Dispose() => NativeMemory.AlignedFree(buffer);

    private List<Competitor> Paths<TPolynomial>(Action dispatched) where TPolynomial : struct, ICrcPolynomial
    {
        var competitors = new List<Competitor> { new("Oort", dispatched) };
        if (Pclmulqdq.V512.IsSupported) competitors.Add(new("Oort 512 bits", () => sink += CrcEngine<TPolynomial>.AppendFolded512(0, Data)));
        if (Pclmulqdq.V256.IsSupported) competitors.Add(new("Oort 256 bits", () => sink += CrcEngine<TPolynomial>.AppendFolded256(0, Data)));
        if (Pclmulqdq.IsSupported) competitors.Add(new("Oort 128 bits", () => sink += CrcEngine<TPolynomial>.AppendFolded128(0, Data)));
        competitors.Add(new("Oort scalar", () => sink += CrcEngine<TPolynomial>.AppendSliced(0, Data)));
        return competitors;
    }
}
