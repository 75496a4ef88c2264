using System.Buffers.Binary;

namespace Oort.Checksums;

/// <summary>The end of a message (RFC 1321 §3.1–3.2): a one bit, zeros, and the length in bits.</summary>
internal static unsafe partial class Md5Engine
{
    /// <summary>The most that <see cref="Pad"/> writes: a rest that leaves no room for mark and length takes a second block.</summary>
    internal const int PaddingSizeMax = 2 * BlockSize;

    private const int LengthSize = sizeof(ulong);

    /// <summary>Writes the last block or two.</summary>
    /// <param name="rest">What is left of the message after its whole blocks: fewer than <see cref="BlockSize"/> bytes.</param>
    /// <param name="messageLength">Of the whole message, in bytes.</param>
    /// <param name="destination">At least <see cref="PaddingSizeMax"/> bytes.</param>
    /// <returns>How many bytes that are: one or two blocks.</returns>
    internal static int Pad(ReadOnlySpan<byte> rest, long messageLength, Span<byte> destination)
    {
        var size = rest.Length + 1 + LengthSize <= BlockSize ? BlockSize : PaddingSizeMax;
        rest.CopyTo(destination);
        destination[rest.Length] = 0x80;
        destination[(rest.Length + 1)..(size - LengthSize)].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination[(size - LengthSize)..], (ulong)messageLength << 3);
        return size;
    }

    /// <summary>Compresses the end of a message; the state is then its digest.</summary>
    internal static void Finish(ref Md5State state, ReadOnlySpan<byte> rest, long messageLength)
    {
        Span<byte> padding = stackalloc byte[PaddingSizeMax];
        Append(ref state, padding[..Pad(rest, messageLength, padding)]);
    }
}
