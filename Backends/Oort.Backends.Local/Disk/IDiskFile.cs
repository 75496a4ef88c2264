namespace Oort.Backends.Local;

/// <summary>An open file of an <see cref="IDisk"/>. Thread-safe; calls block; failures are <see cref="DiskException"/>, after disposal <see cref="ObjectDisposedException"/>.</summary>
/// <remarks>Disposing waits for nobody: a call that is under way ends properly on the file that was open.</remarks>
public interface IDiskFile : IDisposable
{
    /// <summary>Its length in bytes.</summary>
    long Length { get; }

    /// <summary>How many names it has: 0 when somebody has deleted it, and what is written to it is lost.</summary>
    int LinkCount { get; }

    /// <summary>Reads at an offset; less than asked only at the end of the file.</summary>
    int Read(long offset, Span<byte> destination);

    /// <summary>Reads what is in memory already, without waiting for the medium.</summary>
    /// <returns>The count of bytes read, or −1 when the medium must be asked (or this cannot be told).</returns>
    int ReadCached(long offset, Span<byte> destination);

    /// <summary>Whether bytes are in memory, all of them; asking brings nothing there. True where this cannot be told.</summary>
    bool IsCached(long offset, int count);

    /// <summary>Reads from the medium into the caller's memory without a copy (O_DIRECT), and leaves nothing of it in the page cache; as <see cref="Read"/> where that cannot be done.</summary>
    /// <param name="offset">A multiple of <see cref="DirectAlignment.Size"/>, as are the length and the address of <paramref name="destination"/>.</param>
    /// <returns>The count of bytes read: less than asked only at the end of the file.</returns>
    /// <exception cref="ArgumentException">One of them is not.</exception>
    int ReadDirect(long offset, Span<byte> destination);

    /// <summary>Writes all of <paramref name="content"/> at an offset.</summary>
    void Write(long offset, ReadOnlySpan<byte> content);

    /// <summary>Whether <see cref="WriteDirect"/> goes past the page cache. Where it does not, it still writes, but then <see cref="Write"/> wants no alignment for the same.</summary>
    bool CanWriteDirect { get; }

    /// <summary>Writes all of <paramref name="first"/> and, behind it, all of <paramref name="second"/>, from the caller's memory to the medium without a copy (O_DIRECT) where <see cref="CanWriteDirect"/>.</summary>
    /// <param name="offset">A multiple of <see cref="DirectAlignment.Size"/>, as are both lengths and the addresses of both spans.</param>
    /// <exception cref="ArgumentException">One of them is not. Nothing has been written.</exception>
    /// <remarks>As little durable before <see cref="Sync"/> as any write: it may be in the medium's own cache, and the space that it fills may not be marked as filled.</remarks>
    void WriteDirect(long offset, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second);

    /// <summary>Makes sure that the bytes up to <paramref name="end"/> have their place on the medium; the file is then at least that long, zeros where nothing was written.</summary>
    /// <returns>False where the file system cannot promise that; nothing was done.</returns>
    bool Allocate(long end);

    /// <summary>Cuts or extends the file.</summary>
    void Truncate(long length);

    /// <summary>Returns when content and length are on stable storage (fdatasync).</summary>
    void Sync();

    /// <summary>Asks that the next read comes from the medium, not from memory. A hint.</summary>
    void DropCache();
}
