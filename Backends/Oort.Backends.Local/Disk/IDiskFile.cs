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

    /// <summary>Writes all of <paramref name="content"/> at an offset.</summary>
    void Write(long offset, ReadOnlySpan<byte> content);

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
