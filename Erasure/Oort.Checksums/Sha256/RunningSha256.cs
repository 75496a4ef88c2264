namespace Oort.Checksums;

/// <summary>SHA-256 over bytes that come piece by piece.</summary>
/// <remarks>Not thread-safe. After <see cref="Finish"/> it starts anew.</remarks>
public abstract class RunningSha256 : IDisposable
{
    private protected RunningSha256()
    {
    }

    public static RunningSha256 Create() => Sha256.Engine.Start();

    public abstract void Append(ReadOnlySpan<byte> data);

    /// <summary>Writes the hash of all that was appended, and starts anew.</summary>
    /// <param name="hash"><see cref="Sha256.Size"/> bytes; fully overwritten.</param>
    /// <exception cref="ArgumentException"><paramref name="hash"/> has another length.</exception>
    public void Finish(Span<byte> hash)
    {
        Sha256.CheckSize(hash, nameof(hash));
        FinishCore(hash);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    private protected abstract void FinishCore(Span<byte> hash);

    protected abstract void Dispose(bool disposing);
}
