using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;

namespace Oort.Objects;

/// <summary>What a comparison of a log's copies found.</summary>
/// <param name="Bad">Members that lack a part of the log, or have it damaged.</param>
/// <param name="Healed">Of these, now whole.</param>
internal readonly record struct JournalHealing(JournalLogCopies Log, ImmutableArray<StoreId> Bad, ImmutableArray<StoreId> Healed);

/// <summary>Compares the copies of logs that are no longer written, and completes those that are short or damaged from the good ones.</summary>
/// <remarks>
/// The good content is what <see cref="JournalLogReader"/> reads: each record from any copy that has it. It is compared with each member's copy in passes of at most
/// 4 MiB. What a copy has beyond the log's end is the tail of an append that was never acknowledged; it is cut off. Memory: one pass for each copy.
/// </remarks>
internal sealed class JournalHealer(Keyring keyring, ILogger logger)
{
    private const int PassSize = 4 * 1024 * 1024;

    /// <summary>Compares one log, and mends its copies where asked.</summary>
    /// <param name="targets">Stores that can be written now and shall hold the log.</param>
    /// <remarks>Nothing is mended before the log has been read to its end, and enough stores have said that it is the end: what a failing read hides must not be cut off.</remarks>
    public async ValueTask<JournalHealing> RunAsync(JournalLogCopies log, IReadOnlyList<IStore> targets, bool repair, CancellationToken cancellationToken)
    {
        var (found, isEndKnown) = await CompareAsync(log, targets, repair: false, cancellationToken);
        if (!repair || found.Bad.IsEmpty) return found;
        if (isEndKnown) return (await CompareAsync(log, targets, repair: true, cancellationToken)).Healing;
        logger.LogWarning("Copies of {Log} are short or damaged and are left as they are: too few stores can say where it ends.", log.Name);
        return found;
    }

    private async ValueTask<(JournalHealing Healing, bool IsEndKnown)> CompareAsync(JournalLogCopies log, IReadOnlyList<IStore> targets, bool repair, CancellationToken cancellationToken)
    {
        var states = targets.Select(store => new CopyState(store, log.Name.ToString())).ToList();
        var reader = new JournalLogReader(log, keyring, logger);
        var pass = new List<byte>(log.Header.ToBytes());
        long passOffset = 0;
        await foreach (var record in reader.ReadRawAsync(cancellationToken))
        {
            pass.AddRange(record.Span);
            if (pass.Count < PassSize) continue;
            await ComparePassAsync();
        }

        await ComparePassAsync();
        var asked = targets.Count(store => !reader.Unread.Contains(store.Id) && (log.Header.Members.Contains(store.Id) || log.Stores.Any(holder => holder.Id == store.Id)));
        var isEndKnown = reader.End != JournalLogEnd.Damaged && asked >= log.Header.EndQuorum;
        var bad = ImmutableArray.CreateBuilder<StoreId>();
        var healed = ImmutableArray.CreateBuilder<StoreId>();
        foreach (var state in states)
        {
            if (state.GoodUntil == passOffset && await state.IsAsLongAsync(passOffset, logger, cancellationToken)) continue;
            bad.Add(state.Store.Id);
            if (repair && isEndKnown && await state.TryCutAsync(passOffset, logger, cancellationToken)) healed.Add(state.Store.Id);
        }

        return (new(log, bad.ToImmutable(), healed.ToImmutable()), isEndKnown);

        async ValueTask ComparePassAsync()
        {
            var content = pass.ToArray();
            foreach (var state in states) await state.CompareAsync(passOffset, content, repair, logger, cancellationToken);
            passOffset += content.Length;
            pass.Clear();
        }
    }

    /// <summary>One member's copy while it is compared.</summary>
    private sealed class CopyState(IStore store, string name)
    {
        private bool rewriting;
        private bool failed;

        public IStore Store => store;

        /// <summary>Up to here the copy is right as it was found.</summary>
        public long GoodUntil { get; private set; }

        public async ValueTask CompareAsync(long offset, byte[] content, bool repair, ILogger logger, CancellationToken cancellationToken)
        {
            if (failed) return;
            try
            {
                if (!rewriting)
                {
                    var present = new byte[content.Length];
                    var read = await ReadAsync(offset, present, cancellationToken);
                    if (read == content.Length && present.AsSpan().SequenceEqual(content))
                    {
                        GoodUntil = offset + content.Length;
                        return;
                    }

                    rewriting = repair;
                }

                // Everything from here on is written anew: cutting the copy back to the last good pass takes off what was wrong.
                if (rewriting) await store.AppendLogAsync(name, offset, content, cancellationToken);
            }
            catch (BackendException failure)
            {
                Fail(logger, failure);
            }
        }

        public async ValueTask<bool> IsAsLongAsync(long length, ILogger logger, CancellationToken cancellationToken)
        {
            try
            {
                return !failed && await store.LogLengthAsync(name, cancellationToken) == length;
            }
            catch (BackendException failure)
            {
                Fail(logger, failure);
                return false;
            }
        }

        /// <summary>Cuts off what lies beyond the end. True when the copy is whole now.</summary>
        public async ValueTask<bool> TryCutAsync(long length, ILogger logger, CancellationToken cancellationToken)
        {
            if (failed || (!rewriting && GoodUntil != length)) return false;
            try
            {
                if (await store.LogLengthAsync(name, cancellationToken) > length) await store.AppendLogAsync(name, length, ReadOnlyMemory<byte>.Empty, cancellationToken);
                return true;
            }
            catch (BackendException failure)
            {
                Fail(logger, failure);
                return false;
            }
        }

        private void Fail(ILogger logger, BackendException failure)
        {
            failed = true;
            logger.LogWarning(failure, "The copy of {Log} on {Location} could not be compared or mended.", name, store.Location);
        }

        /// <summary>A copy that is damaged below (the store's own checksum fails) reads as nothing: it is written anew.</summary>
        private async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            try
            {
                return await store.ReadLogAsync(name, offset, destination, cancellationToken);
            }
            catch (BackendException failure) when (failure.Kind is BackendErrorKind.Corrupt or BackendErrorKind.NotFound)
            {
                return 0;
            }
        }
    }
}
