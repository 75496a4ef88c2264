using System.Collections.Immutable;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Shards;

namespace Oort.Objects;

/// <summary>The shards of one segment that are written anew: where each goes, its writer, and the table that grows with it.</summary>
/// <remarks>Not thread-safe. A target whose store fails is dropped; the others go on. Disposing abandons what was not committed.</remarks>
internal sealed class ShardTargets(SegmentRow row, ShardLayout layout, StoreSet stores, SegmentTagger tagger, SegmentRepairOptions options, TimeProvider time) : IAsyncDisposable
{
    private readonly Dictionary<int, Target> targets = [];
    private readonly bool[] wanted = new bool[row.Geometry.TotalShards];

    /// <summary>Flags of the shards that are to be written.</summary>
    public ReadOnlySpan<bool> Wanted => wanted;

    public bool Any => targets.Count > 0;

    /// <summary>Chooses a place for each shard that needs one and begins to write there.</summary>
    public async Task PlanAsync(ImmutableArray<ShardSource> sources, ImmutableArray<int> suspects, CancellationToken cancellationToken)
    {
        var planned = row;
        foreach (var source in sources)
        {
            var index = (int)source.Id.Index;
            if (ChoosePlace(source, suspects.Contains(index), planned) is not { } store) continue;
            if (!await TryBeginAsync(index, store, cancellationToken)) continue;
            planned = planned with { Shards = planned.Shards.SetItem(index, store.Id) };
        }
    }

    /// <summary>Appends each target's cell of a stripe.</summary>
    /// <param name="cells">All cells of the stripe end to end; those of the targets are right.</param>
    public async Task WriteStripeAsync(int stripe, ReadOnlyMemory<byte> cells, CancellationToken cancellationToken)
    {
        var size = layout.CellSize(stripe);
        foreach (var (index, target) in targets)
            CellEntry.Compute(cells.Span.Slice(index * size, size), index, stripe, tagger).Write(target.Table.AsSpan(stripe * CellEntry.Size));
        await ForEachAsync((index, target) => target.Writer.WriteAsync(cells.Slice(index * size, size), cancellationToken), cancellationToken);
    }

    /// <summary>Ends and commits all targets.</summary>
    /// <returns>Those that are durable, with their stores.</returns>
    public async Task<IReadOnlyDictionary<int, StoreId>> CommitAsync(CancellationToken cancellationToken)
    {
        await ForEachAsync((_, target) => target.Writer.WriteAsync(target.Table, cancellationToken), cancellationToken);
        await ForEachAsync((_, target) => target.Writer.CommitAsync(CancellationToken.None), CancellationToken.None);
        return targets.ToDictionary(pair => pair.Key, pair => pair.Value.Store.Id);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var target in targets.Values) await target.Writer.DisposeAsync();
        targets.Clear();
    }

    /// <summary>The same store where it is there and stays; another one where the shard has no place, or its place is going away; null when the shard is well, or nothing can take it.</summary>
    private IStore? ChoosePlace(ShardSource source, bool isSuspect, SegmentRow planned)
    {
        var isStaying = source.Store is not null && !stores.IsLeaving(source.Store.Id);
        // On a network nothing is written in place.
        var isWritable = isStaying && !stores.Networks.ContainsKey(source.Store!.Id);
        return source.Condition switch
        {
            ShardCondition.Good when isStaying && !IsDueElsewhere(source.Store!.Id) && (!isSuspect || isWritable) => isSuspect ? source.Store : null,
            ShardCondition.Good => stores.PlaceOne(planned),
            // The store is there and does not give the shard: from one that cannot be relied on, or that was asked for it in vain for a day, it is not waited for.
            ShardCondition.Away when source.Store is not null && (!isStaying || isSuspect || IsDueElsewhere(source.Store.Id)) => stores.PlaceOne(planned),
            ShardCondition.Away => null,
            ShardCondition.Unplaced or ShardCondition.GivenUp => stores.PlaceOne(planned),
            _ => isWritable ? source.Store : stores.PlaceOne(planned),
        };
    }

    /// <summary>A suspended store's shard is good to read from, and is given another place once so few others are left that the policy asks for repair.</summary>
    private bool IsDueElsewhere(StoreId store) =>
        !stores.IsHealthy(store) && row.Shards.Count(stores.IsHealthy) <= stores.Placement.Of(row.Policy).Rules.RepairThreshold(row.Geometry);

    /// <summary>Begins to write a shard anew on a store.</summary>
    /// <returns>False when the store does not take it; that is reported.</returns>
    public async Task<bool> TryBeginAsync(int index, IStore store, CancellationToken cancellationToken)
    {
        var id = new ShardId(row.Id, (byte)index);
        try
        {
            var writer = await store.BeginAsync(id, layout.ShardLength, cancellationToken).AsTask().WaitAsync(options.ReadTimeout, time, cancellationToken);
            var header = new byte[ShardHeader.Size];
            ShardHeader.Write(header, id, layout, tagger);
            targets.Add(index, new(store, writer, new byte[layout.TableSize]));
            wanted[index] = true;
            await writer.WriteAsync(header, cancellationToken).AsTask().WaitAsync(options.ReadTimeout, time, cancellationToken);
            return true;
        }
        catch (BackendException failure)
        {
            await DropAsync(index, store, failure);
            return false;
        }
        catch (TimeoutException)
        {
            await DropAsync(index, store, new(BackendErrorKind.Transient, $"Writing shard {id} took longer than {options.ReadTimeout}."));
            return false;
        }
    }

    /// <summary>Does something with every target at once and drops those whose store fails at it.</summary>
    private async Task ForEachAsync(Func<int, Target, ValueTask> act, CancellationToken cancellationToken)
    {
        var running = targets.Select(pair => (pair.Key, pair.Value, Task: act(pair.Key, pair.Value).AsTask())).ToArray();
        foreach (var (index, target, task) in running)
        {
            try
            {
                await task.WaitAsync(options.ReadTimeout, time, cancellationToken);
            }
            catch (BackendException failure)
            {
                await DropAsync(index, target.Store, failure);
            }
            catch (TimeoutException)
            {
                // The write may still be under way: its writer is let go when it ends, and nothing of it is ever committed.
                wanted[index] = false;
                targets.Remove(index);
                stores.Report(target.Store.Id, new(BackendErrorKind.Transient, $"Writing shard {index} of {row.Id} took longer than {options.ReadTimeout}."));
                _ = task.ContinueWith(async _ => await target.Writer.DisposeAsync(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    private async Task DropAsync(int index, IStore store, BackendException failure)
    {
        stores.Report(store.Id, failure);
        wanted[index] = false;
        if (targets.Remove(index, out var target)) await target.Writer.DisposeAsync();
    }

    private sealed record Target(IStore Store, IShardWriter Writer, byte[] Table);
}
