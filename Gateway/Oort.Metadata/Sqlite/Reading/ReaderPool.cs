using System.Collections.Concurrent;
using Oort.Metadata.Sqlite.Tables;

namespace Oort.Metadata.Sqlite.Reading;

/// <summary>Read connections, opened as needed up to a limit, each used by one reader at a time.</summary>
internal sealed class ReaderPool(string path, int connectionsMax, int cacheKibibytes) : IAsyncDisposable
{
    private readonly SemaphoreSlim free = new(connectionsMax, connectionsMax);
    private readonly ConcurrentBag<TableSet> idle = [];

    /// <summary>Runs a read on a connection of its own. What it reads in several statements is of one instant only inside <see cref="InSnapshot"/>.</summary>
    public async ValueTask<TResult> ReadAsync<TResult>(Func<TableSet, TResult> read, CancellationToken cancellationToken)
    {
        await free.WaitAsync(cancellationToken);
        try
        {
            if (!idle.TryTake(out var tables)) tables = new(Database.Open(path, readOnly: true, cacheKibibytes));
            try
            {
                return read(tables);
            }
            finally
            {
                idle.Add(tables);
            }
        }
        finally
        {
            free.Release();
        }
    }

    /// <summary>Runs several statements on the state of one instant.</summary>
    public static TResult InSnapshot<TResult>(TableSet tables, Func<TableSet, TResult> read)
    {
        tables.Database.Execute("BEGIN");
        try
        {
            return read(tables);
        }
        finally
        {
            tables.Database.Execute("COMMIT");
        }
    }

    /// <summary>Closes the connections once the last read has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < connectionsMax; i++) await free.WaitAsync();
        while (idle.TryTake(out var tables)) tables.Database.Dispose();
        free.Dispose();
    }
}
