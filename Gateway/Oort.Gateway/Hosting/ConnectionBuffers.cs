using Microsoft.AspNetCore.Connections;
using Oort.Objects.Budget;

namespace Oort.Gateway;

/// <summary>What one connection may hold in buffers of its own. Times the connections of a crowd, that is most of a gateway's memory.</summary>
internal static class ConnectionBuffers
{
    /// <summary>Received and not yet read, in bytes, before no more is received. Half a block, so that it is one block, of which a request's head took the beginning; the rest is in the system's buffers until then.</summary>
    public const int ReceiveMax = BlockPool.BlockSize / 2;

    /// <summary>Written and not yet sent, in bytes, before a writer is made to wait; a window of 256 KiB more, which is written as a whole.</summary>
    public const int SendMax = 128 * 1024;

    /// <summary>What TLS takes besides, in bytes: a block for what is decrypted, a record of 16 KiB each way, and some 32 KiB of the library's own.</summary>
    private const int TlsMax = BlockPool.BlockSize + (2 * 16 * 1024) + (32 * 1024);

    /// <summary>Runs a connection, with what it will receive announced to the budget.</summary>
    public static async Task AnnounceAsync(ConnectionDelegate next, ConnectionContext connection, MemoryBudget budget, bool isTls)
    {
        var size = BlockPool.BlockSize + (isTls ? TlsMax : 0);
        budget.AnnounceConnection(size);
        try
        {
            await next(connection);
        }
        finally
        {
            budget.AnnounceConnection(-size);
        }
    }
}
