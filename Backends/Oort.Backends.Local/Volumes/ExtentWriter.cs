using Oort.Checksums;

namespace Oort.Backends.Local;

/// <summary>Writes a long shard into its extent. The pieces go to the file at once; the commit record, in a later group, makes them count, and the sync of that group makes both durable.</summary>
/// <param name="expected">Compaction: the place that the shard must still have at the commit.</param>
/// <param name="knownCrc">Compaction: the checksum that the shard had, so that damage done to it before stays visible.</param>
internal sealed class ExtentWriter(ShardId id, Extent extent, VolumeWriter writer, IoThreads threads, StoreHealth health, ShardLocation? expected = null, ulong? knownCrc = null) : IShardWriter
{
    private long _written;
    private ulong _crc;
    private bool _isBusy;
    private bool _isEnded;

    /// <summary>Whether the last commit took effect; false when the shard was no longer where it was expected.</summary>
    public bool WasCommitted { get; private set; }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        if (_isBusy)
            throw new InvalidOperationException("The last write has not returned yet, or has failed.");
        if (content.Length > extent.Length - _written)
            throw new ArgumentException($"The shard was announced with {extent.Length} bytes; {_written} are written and {content.Length} more do not fit.", nameof(content));
        health.ThrowIfFailed();

        // Stays busy after a failure: what is in the extent is then unknown, and a commit must not bless it.
        _isBusy = true;
        await threads.RunAsync(() => Write(content.Span), cancellationToken);
        _written += content.Length;
        _isBusy = false;
    }

    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        if (_isBusy || _written != extent.Length)
            throw new InvalidOperationException($"The shard was announced with {extent.Length} bytes and has {_written}.");
        _isEnded = true;
        var request = new WriteRequest(WriteKind.Commit, id) { Extent = extent, Crc = knownCrc ?? _crc, Expected = expected };
        try
        {
            WasCommitted = await writer.SubmitAsync(request, cancellationToken);
        }
        finally
        {
            // The writer's thread ends the extents it commits.
            if (!WasCommitted)
                extent.Volume.EndExtent();
        }
    }

    /// <summary>Without a commit the extent stays as dead space until its volume is compacted.</summary>
    public ValueTask DisposeAsync()
    {
        if (!_isEnded)
            extent.Volume.EndExtent();
        _isEnded = true;
        return ValueTask.CompletedTask;
    }

    private bool Write(ReadOnlySpan<byte> content)
    {
        try
        {
            extent.Volume.File.Write(extent.Offset + _written, content);
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.NoSpace)
        {
            throw new BackendException(BackendErrorKind.Full, e.Message, e);
        }
        catch (DiskException e)
        {
            throw health.Refusal(health.Fail("a shard could not be written", e));
        }

        _crc = Crc64Nvme.Append(_crc, content);
        return true;
    }
}
