namespace Oort.Gateway;

/// <summary>What one connection may hold in buffers of its own. Times the connections of a crowd, that is most of a gateway's memory.</summary>
internal static class ConnectionBuffers
{
    /// <summary>Received and not yet read, in bytes; a block more while one is being filled.</summary>
    public const int ReceiveMax = 128 * 1024;

    /// <summary>Written and not yet sent, in bytes, before a writer is made to wait; a window of 256 KiB more, which is written as a whole.</summary>
    public const int SendMax = 128 * 1024;
}
