using Oort.Backends;

namespace Oort.Objects;

/// <summary>Reads a log on one store forward through a window, so that small records do not cost a request each. Not thread-safe.</summary>
internal sealed class LogWindow(IStore store, string name)
{
    private const int WindowSize = 1024 * 1024;

    private byte[] window = [];
    private long start;
    private int filled;

    public IStore Store { get; } = store;

    /// <summary>Bytes from an offset on; fewer than asked only at the log's end. Valid until the next call.</summary>
    /// <exception cref="BackendException">The store failed.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(long offset, int length, CancellationToken cancellationToken)
    {
        if (offset < start || offset + length > start + filled)
        {
            if (window.Length < Math.Max(WindowSize, length)) window = new byte[Math.Max(WindowSize, length)];
            (start, filled) = (offset, 0);
            filled = await Store.ReadLogAsync(name, offset, window, cancellationToken);
        }

        var at = (int)(offset - start);
        return window.AsMemory(at, Math.Min(length, filled - at));
    }
}
