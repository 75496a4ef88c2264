using System.IO.Pipelines;
using System.Security.Cryptography;
using Oort.Crypto;

namespace Oort.Objects.Reading;

/// <summary>Opens sealed chunks in the memory of the writer that sends them. No byte is handed on before its chunk is authentic.</summary>
internal static class ChunkSink
{
    /// <summary>Opens a chunk whose sealed bytes lie in the writer's memory already, in place.</summary>
    /// <param name="sealedChunk">The beginning of what <see cref="PipeWriter.GetSpan"/> gave. Where the chunk does not open, it is zeroed.</param>
    public static bool TryOpenInPlace(ChunkWindow window, int index, Span<byte> sealedChunk, PipeWriter destination) =>
        TryOpen(window, index, sealedChunk, sealedChunk[..^ChunkCipher.TagSize], destination);

    /// <summary>Opens a chunk from elsewhere.</summary>
    public static bool TryOpen(ChunkWindow window, int index, ReadOnlySpan<byte> sealedChunk, PipeWriter destination)
    {
        var length = sealedChunk.Length - ChunkCipher.TagSize;
        return TryOpen(window, index, sealedChunk, destination.GetSpan(length)[..length], destination);
    }

    /// <summary>Opens the whole chunk, since less cannot be authenticated, and hands on what is wanted of it.</summary>
    private static bool TryOpen(ChunkWindow window, int index, ReadOnlySpan<byte> sealedChunk, Span<byte> plaintext, PipeWriter destination)
    {
        var chunk = window.FirstChunk + index;
        if (!window.Data.Cipher.TryOpen(chunk, chunk == window.Data.ChunkCount - 1, sealedChunk, plaintext)) return false;
        var (from, to) = window.Wanted(index);
        if (to - from < plaintext.Length)
        {
            if (from > 0) plaintext[from..to].CopyTo(plaintext);
            CryptographicOperations.ZeroMemory(plaintext[(to - from)..]);
        }
        destination.Advance(to - from);
        return true;
    }
}
