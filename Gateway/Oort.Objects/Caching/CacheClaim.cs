namespace Oort.Objects.Caching;

/// <summary>The folder of a cache, held before anything else of a start is done, so that a start which shares it with another process is refused at once.</summary>
internal sealed class CacheClaim : IDisposable
{
    private IDisposable? held;

    private CacheClaim(CellCacheOptions options, CacheDisk disk, IDisposable? held) => (Options, Disk, this.held) = (options, disk, held);

    public CellCacheOptions Options { get; }

    public CacheDisk Disk { get; }

    /// <summary>Takes the folder's lock. Where the disk cannot be used now, there is none, and whoever uses the claim comes to the same, tells it, and tries again later.</summary>
    /// <exception cref="StartRefusedException">Another process uses the folder.</exception>
    public static CacheClaim Take(CellCacheOptions options)
    {
        var disk = options.Disk ?? new CacheDisk(options.Directory);
        try
        {
            return new(options, disk, disk.Lock());
        }
        catch (CacheInUseException e)
        {
            throw new StartRefusedException(StartRefusal.Configuration, e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(options, disk, null);
        }
    }

    /// <summary>Gives the lock to one who lets it go himself.</summary>
    public IDisposable? HandOver() => Interlocked.Exchange(ref held, null);

    public void Dispose() => held?.Dispose();
}
