using Oort.Checksums;

namespace Oort.Backends.Local;

/// <summary>What all extent writers of a store share.</summary>
internal sealed class ExtentServices(VolumeWriter writer, IoThreads threads, StoreHealth health, int threadCount)
{
    /// <summary>Copied at a time where the caller's memory does not fit: large enough that the call costs little of it.</summary>
    private const int CopySize = 256 << 10;

    /// <summary>Blocks kept for the next shards; more shards than that at once on one store get new ones.</summary>
    private const int BlockCountMax = 64;

    public VolumeWriter Writer => writer;

    public IoThreads Threads => threads;

    public StoreHealth Health => health;

    public AlignedBuffers Blocks { get; } = new(VolumeFormat.BlockSize, BlockCountMax);

    /// <summary>One for each thread that writes shards, since only these use them.</summary>
    public AlignedBuffers CopyBuffers { get; } = new(CopySize, threadCount);
}

/// <summary>Writes a long shard into its extent. The pieces go to the file at once, past the page cache; the commit record, in a later group, makes them count, and the sync of that group makes both durable.</summary>
/// <remarks>
/// Only whole blocks are written: the bytes behind the last whole one wait in <see cref="_block"/> for the next piece, and the last block of
/// the shard is filled up with zeros (extents take whole blocks). So no block is written twice, and none in two ways.
/// A piece whose place in memory and place in the shard are the same number of bytes behind a multiple of a block goes out as it lies, with the waiting block before
/// it, in one call; any other is copied.
/// </remarks>
/// <param name="expected">Compaction: the place that the shard must still have at the commit.</param>
/// <param name="knownCrc">Compaction: the checksum that the shard had, so that damage done to it before stays visible.</param>
internal sealed class ExtentWriter(ShardId id, Extent extent, ExtentServices services, ShardLocation? expected = null, ulong? knownCrc = null) : IShardWriter
{
    private readonly AlignedBuffer _block = services.Blocks.Rent();

    // Bytes in the block: those behind the last whole block of what was written so far.
    private int _waiting;
    private long _written;
    private ulong _crc;
    private bool _isBusy;
    private bool _isEnded;

    /// <summary>Whether the last commit took effect; false when the shard was no longer where it was expected.</summary>
    public bool WasCommitted { get; private set; }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => WriteAsync(content, null, cancellationToken);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, ulong crc, CancellationToken cancellationToken) => WriteAsync(content, (ulong?)crc, cancellationToken);

    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        if (_isBusy || _written != extent.Length)
            throw new InvalidOperationException($"The shard was announced with {extent.Length} bytes and has {_written}.");
        _isEnded = true;
        services.Blocks.Return(_block);
        var request = new WriteRequest(WriteKind.Commit, id) { Extent = extent, Crc = knownCrc ?? _crc, Expected = expected };
        try
        {
            WasCommitted = await services.Writer.SubmitAsync(request, cancellationToken);
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
        if (_isEnded)
            return ValueTask.CompletedTask;
        _isEnded = true;
        extent.Volume.EndExtent();
        if (!_isBusy)
            services.Blocks.Return(_block);
        return ValueTask.CompletedTask;
    }

    private ValueTask WriteAsync(ReadOnlyMemory<byte> content, ulong? crc, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        if (_isBusy)
            throw new InvalidOperationException("The last write has not returned yet, or has failed.");
        if (content.Length > extent.Length - _written)
            throw new ArgumentException($"The shard was announced with {extent.Length} bytes; {_written} are written and {content.Length} more do not fit.", nameof(content));
        services.Health.ThrowIfFailed();
        if (content.IsEmpty)
            return ValueTask.CompletedTask;

        // What does not fill the waiting block needs no thread.
        if (content.Length >= VolumeFormat.BlockSize - _waiting || content.Length == extent.Length - _written)
            return WriteBlocksAsync(content, crc, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        Wait(content.Span);
        Count(content.Span, crc);
        return ValueTask.CompletedTask;
    }

    private async ValueTask WriteBlocksAsync(ReadOnlyMemory<byte> content, ulong? crc, CancellationToken cancellationToken)
    {
        // Stays busy after a failure: what is in the extent is then unknown, and a commit must not bless it.
        _isBusy = true;
        await services.Threads.RunAsync(() => Write(content.Span, crc), cancellationToken);
        _isBusy = false;
    }

    private unsafe bool Write(ReadOnlySpan<byte> content, ulong? crc)
    {
        try
        {
            // Pinned: the way depends on where it lies.
            fixed (byte* start = content)
            {
                var toFill = _waiting == 0 ? 0 : VolumeFormat.BlockSize - _waiting;
                if (!extent.Volume.File.CanWriteDirect)
                    WriteCached(content);
                else if (content.Length >= toFill + VolumeFormat.BlockSize && DirectAlignment.PhaseOf(content[toFill..]) == 0)
                    WriteInPlace(content, toFill);
                else
                    WriteCopied(content);
            }
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.NoSpace)
        {
            throw new BackendException(BackendErrorKind.Full, e.Message, e);
        }
        catch (DiskException e)
        {
            throw services.Health.Refusal(services.Health.Fail("a shard could not be written", e));
        }

        Count(content, crc);
        return true;
    }

    /// <summary>The waiting block, filled up, and the whole blocks of the content behind it.</summary>
    private void WriteInPlace(ReadOnlySpan<byte> content, int toFill)
    {
        var offset = extent.Offset + _written - _waiting;
        content[..toFill].CopyTo(_block.Span[_waiting..]);
        var filled = toFill == 0 ? [] : _block.Span;
        var whole = content[toFill..^((content.Length - toFill) % VolumeFormat.BlockSize)];
        extent.Volume.File.WriteDirect(offset, filled, whole);

        var rest = content[(toFill + whole.Length)..];
        _waiting = 0;
        Wait(rest);
        if (content.Length < extent.Length - _written || rest.IsEmpty)
            return;
        _block.Span[_waiting..].Clear();
        _waiting = 0;
        extent.Volume.File.WriteDirect(offset + filled.Length + whole.Length, _block.Span, []);
    }

    private void WriteCopied(ReadOnlySpan<byte> content)
    {
        var isLast = content.Length == extent.Length - _written;
        var offset = extent.Offset + _written - _waiting;
        var copy = services.CopyBuffers.Rent();
        try
        {
            _block.Span[.._waiting].CopyTo(copy.Span);
            while (true)
            {
                var piece = content[..Math.Min(content.Length, copy.Size - _waiting)];
                piece.CopyTo(copy.Span[_waiting..]);
                content = content[piece.Length..];
                var end = _waiting + piece.Length;
                if (content.IsEmpty && isLast)
                {
                    copy.Span[end..(int)VolumeFormat.RoundUp(end)].Clear();
                    end = (int)VolumeFormat.RoundUp(end);
                }

                var whole = copy.Span[..(end - (end % VolumeFormat.BlockSize))];
                extent.Volume.File.WriteDirect(offset, whole, []);
                offset += whole.Length;
                _waiting = 0;
                if (!content.IsEmpty)
                    continue;
                Wait(copy.Span[whole.Length..end]);
                return;
            }
        }
        finally
        {
            services.CopyBuffers.Return(copy);
        }
    }

    /// <summary>Where the medium is only written through the page cache: as it comes.</summary>
    private void WriteCached(ReadOnlySpan<byte> content)
    {
        if (_waiting > 0)
            extent.Volume.File.Write(extent.Offset + _written - _waiting, _block.Span[.._waiting]);
        _waiting = 0;
        extent.Volume.File.Write(extent.Offset + _written, content);
    }

    private void Wait(ReadOnlySpan<byte> content)
    {
        content.CopyTo(_block.Span[_waiting..]);
        _waiting += content.Length;
    }

    private void Count(ReadOnlySpan<byte> content, ulong? crc)
    {
        _crc = crc is { } known ? Crc64Nvme.Combine(_crc, known, content.Length) : Crc64Nvme.Append(_crc, content);
        _written += content.Length;
    }
}
