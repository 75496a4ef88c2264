using System.Buffers;

namespace Oort.Checksums;

/// <summary>MD5 of whole messages that lie in memory: S3's ETag and Content-MD5. It guards nothing; the protocol wants it.</summary>
/// <remarks>Thread-safe. What comes piece by piece goes through <see cref="RunningMd5"/>.</remarks>
public static class Md5
{
    /// <summary>Length of a digest in bytes.</summary>
    public const int Size = 16;

    // So many sort keys (2 KiB) lie on the stack.
    private const int StackKeyCountMax = 256;

    /// <summary>Writes the MD5 of one message.</summary>
    /// <param name="digest">At least <see cref="Size"/> bytes, of which so many are written.</param>
    /// <exception cref="ArgumentException">There is no room for the digest. Nothing has been written.</exception>
    public static void Hash(ReadOnlySpan<byte> message, Span<byte> digest)
    {
        if (digest.Length < Size) throw new ArgumentException("A digest takes 16 bytes.", nameof(digest));
        var state = Md5State.Initial;
        var whole = message.Length & -Md5Engine.BlockSize;
        Md5Engine.Append(ref state, message[..whole]);
        Md5Engine.Finish(ref state, message[whole..], message.Length);
        state.Write(digest);
    }

    /// <summary>Writes the MD5 of each message, many side by side: several times as fast as one after another.</summary>
    /// <param name="messages">Any number, of any lengths; read only.</param>
    /// <param name="digests">At least <see cref="Size"/> bytes a message, in the order of the messages.</param>
    /// <exception cref="ArgumentException">There is no room for all digests. Nothing has been written.</exception>
    public static void HashMany(ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<byte> digests) =>
        HashMany(messages, digests, Md5LaneWidths.Widest);

    /// <summary>The same at a given width, which the processor must have.</summary>
    internal static void HashMany(ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<byte> digests, Md5LaneWidth width)
    {
        if (digests.Length / Size < messages.Length) throw new ArgumentException("A digest takes 16 bytes.", nameof(digests));
        if (messages.Length < 2 || width == Md5LaneWidth.One)
        {
            for (var i = 0; i < messages.Length; i++) Hash(messages[i].Span, digests[(i * Size)..]);
            return;
        }

        // 1. Longest first: the lanes then run out at about the same time. A key sorts by length and names the message.
        long[]? rented = null;
        var keys = messages.Length <= StackKeyCountMax ? stackalloc long[messages.Length] : (rented = ArrayPool<long>.Shared.Rent(messages.Length)).AsSpan(0, messages.Length);
        for (var i = 0; i < keys.Length; i++) keys[i] = ((long)messages[i].Length << 32) | (uint)i;
        keys.Sort();

        // 2. Whenever a lane ends, the next longest takes it.
        var lanes = new Md5Lanes<int>(width);
        var left = keys.Length;
        while (true)
        {
            while (left > 0 && lanes.HasRoom)
            {
                var i = (int)(uint)keys[--left];
                var whole = messages[i].Length & -Md5Engine.BlockSize;
                if (whole == 0) Hash(messages[i].Span, digests[(i * Size)..]);
                else lanes.Add(i, Md5State.Initial, messages[i][..whole]);
            }

            if (lanes.Count == 0) break;
            lanes.Run(int.MaxValue);
            while (lanes.TryTakeEnded(out var i, out var state))
            {
                var message = messages[i].Span;
                Md5Engine.Finish(ref state, message[(message.Length & -Md5Engine.BlockSize)..], message.Length);
                state.Write(digests[(i * Size)..]);
            }
        }

        if (rented is not null) ArrayPool<long>.Shared.Return(rented);
    }
}
