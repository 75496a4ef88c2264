using Oort.Backends;
using Oort.Crypto;
using Oort.Objects.Networks;
using Oort.Objects.Shards;

namespace Oort.Objects;

/// <summary>Reads one shard of a segment cell by cell for checking; remembers whether all of it was right so far.</summary>
/// <remarks>
/// A read that hangs is given up after a time; its buffer is then left to it for good, since it may still be written to. Not thread-safe.
/// </remarks>
internal sealed class ShardSource(ShardId id, IStore? store, ShardCondition condition, ShardLayout layout, TimeProvider time, TimeSpan patience)
{
    private byte[] cell = [];
    private byte[] table = [];

    public ShardId Id { get; } = id;

    public IStore? Store { get; } = store;

    public ShardCondition Condition { get; private set; } = condition;

    public long BytesRead { get; private set; }

    /// <summary>A failure of the store itself, to be reported; null when none.</summary>
    public BackendException? Failure { get; private set; }

    /// <summary>Checks length and header and reads the table.</summary>
    public async Task OpenAsync(SegmentTagger tagger, Lock tagging, CancellationToken cancellationToken)
    {
        if (Condition != ShardCondition.Good) return;
        await GuardAsync(async () =>
        {
            var length = await Store!.StatAsync(Id, cancellationToken).AsTask().WaitAsync(patience, time, cancellationToken);
            if (length is null)
            {
                Condition = ShardCondition.Absent;
                return;
            }

            var header = await ReadAsync(0, ShardHeader.Size, cancellationToken);
            table = await ReadAsync(layout.TableOffset, layout.TableSize, cancellationToken);
            ShardHeaderOutcome outcome;
            lock (tagging) outcome = ShardHeader.Check(header, Id, layout, tagger);
            if (length != layout.ShardLength || outcome != ShardHeaderOutcome.Ok || table.Length != layout.TableSize) Condition = ShardCondition.Bad;
        });
    }

    /// <summary>Takes the store's word for the shard: it counts as good if its length is right, and none of its cells is read.</summary>
    public Task BelieveAsync(CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        var length = await Store!.StatAsync(Id, cancellationToken).AsTask().WaitAsync(patience, time, cancellationToken);
        if (length != layout.ShardLength) Condition = length is null ? ShardCondition.Absent : ShardCondition.Bad;
    });

    /// <summary>Reads a range as a read for a client did; what it holds is not looked at.</summary>
    public Task ReadLikeAsync(long offset, int length, CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        if ((await ReadAsync(offset, length, cancellationToken)).Length != length) Condition = ShardCondition.Bad;
    });

    /// <summary>Reads and checks one cell. The source becomes Bad, and stays so, when it is wrong; other cells of it may still be read and used.</summary>
    /// <returns>The cell, valid until the next call; empty when it is not there or wrong.</returns>
    public async Task<ReadOnlyMemory<byte>> ReadCellAsync(int stripe, SegmentTagger tagger, Lock tagging, CancellationToken cancellationToken)
    {
        // Without a table it is not open: it is believed, or was wrong from the start.
        if (Condition is not (ShardCondition.Good or ShardCondition.Bad) || table.Length != layout.TableSize) return default;
        var good = false;
        await GuardAsync(async () =>
        {
            cell = await ReadAsync(layout.CellOffset(stripe), layout.CellSize(stripe), cancellationToken, cell);
            if (cell.Length < layout.CellSize(stripe)) return;
            lock (tagging) good = CellEntry.Read(table.AsSpan(stripe * CellEntry.Size)).Check(cell.AsSpan(0, layout.CellSize(stripe)), Id.Index, stripe, tagger) == CellOutcome.Ok;
        });
        if (good) return cell.AsMemory(0, layout.CellSize(stripe));
        if (Condition == ShardCondition.Good) Condition = ShardCondition.Bad;
        return default;
    }

    private async Task<byte[]> ReadAsync(long offset, int length, CancellationToken cancellationToken, byte[]? reuse = null)
    {
        var buffer = reuse is not null && reuse.Length == length ? reuse : new byte[length];
        var read = Store is NetworkStore network ? network.ReadAsync(Id, offset, buffer, isOwn: true, cancellationToken).AsTask() : Store!.ReadAsync(Id, offset, buffer, cancellationToken).AsTask();
        var count = await read.WaitAsync(patience, time, cancellationToken);
        BytesRead += count;
        return count == length ? buffer : buffer[..count];
    }

    /// <summary>Turns a store's failure into a condition of the shard.</summary>
    private async Task GuardAsync(Func<Task> read)
    {
        try
        {
            await read();
        }
        catch (BackendException failure)
        {
            Condition = failure.Kind switch
            {
                BackendErrorKind.NotFound => ShardCondition.Absent,
                BackendErrorKind.Corrupt => ShardCondition.Bad,
                _ => ShardCondition.Away,
            };
            Failure = failure;
            cell = [];
        }
        catch (TimeoutException)
        {
            Condition = ShardCondition.Away;
            Failure = new(BackendErrorKind.Transient, $"Reading shard {Id} took longer than {patience}.");
            cell = [];
        }
    }
}
