using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Why a log ended where it ended.</summary>
internal enum JournalLogEnd
{
    /// <summary>No copy has anything beyond.</summary>
    Clean,

    /// <summary>Some copy has a part of one more record, which no copy has whole: an append that was never acknowledged.</summary>
    TornTail,

    /// <summary>The next record is damaged in every copy, and a good one follows it: something that was written is lost.</summary>
    Damaged,
}

/// <summary>Reads one log from all its copies: each record from the first copy that has it whole and genuine.</summary>
/// <remarks>Memory: a window of a mebibyte a copy, or one record. Copies are byte for byte the same log, so the same offset is the same record in each.</remarks>
internal sealed class JournalLogReader(JournalLogCopies log, Keyring keyring, ILogger logger)
{
    private readonly List<LogWindow> copies = [.. log.Stores.Select(store => new LogWindow(store, log.Name.ToString()))];

    private ReadOnlyMemory<byte> lastFrame;

    /// <summary>How it ended; known when <see cref="ReadAsync"/> has ended.</summary>
    public JournalLogEnd End { get; private set; }

    /// <summary>First byte after the last good record.</summary>
    public long EndOffset { get; private set; } = log.Header.Size;

    /// <summary>Stores that could not say whether they hold more than the last good record, once it has ended.</summary>
    public ImmutableArray<StoreId> Unread { get; private set; } = [];

    /// <summary>Reads all records in order, until the log ends.</summary>
    public async IAsyncEnumerable<JournalRecordRead> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var cipher = keyring.OpenJournal(log.Header.Salt.AsSpan());
        var previous = log.HeaderHash;
        for (ulong number = 0; ; number++)
        {
            var record = await ReadRecordAsync(number, previous, cipher, cancellationToken);
            if (record is not { } read) break;
            previous = read.Hash;
            EndOffset += read.Length;
            yield return read;
        }
    }

    /// <summary>Reads the good records as they stand on the stores, frame and all, each valid until the next.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadRawAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var _ in ReadAsync(cancellationToken)) yield return lastFrame;
    }

    /// <summary>Tries the copies in turn; the one that gave the last record comes first.</summary>
    private async ValueTask<JournalRecordRead?> ReadRecordAsync(ulong number, RecordHash previous, RecordCipher cipher, CancellationToken cancellationToken)
    {
        var end = JournalLogEnd.Clean;
        var unread = ImmutableArray.CreateBuilder<StoreId>();
        for (var index = 0; index < copies.Count; index++)
        {
            var copy = copies[index];
            try
            {
                var (frame, remaining) = await ReadFrameAsync(copy, EndOffset, cancellationToken);
                if (frame.IsEmpty)
                {
                    if (remaining > 0 && end == JournalLogEnd.Clean) end = JournalLogEnd.TornTail;
                    continue;
                }

                if (JournalRecord.TryRead(frame.Span, number, previous, cipher) is { } entry)
                {
                    copies.RemoveAt(index);
                    copies.Insert(0, copy);
                    lastFrame = frame;
                    return new(entry, RecordHash.Of(frame.Span), previous, EndOffset, frame.Length);
                }

                var followed = await IsFollowedAsync(copy, EndOffset + frame.Length, number + 1, cipher, cancellationToken);
                if (followed) end = JournalLogEnd.Damaged;
                else if (end == JournalLogEnd.Clean) end = JournalLogEnd.TornTail;
            }
            catch (BackendException failure)
            {
                // Another copy may have it; if none has, the caller sees where the log ended and compares that with what followed it.
                logger.LogWarning(failure, "Log {Log} could not be read from {Location}.", log.Name, copy.Store.Location);
                unread.Add(copy.Store.Id);
            }
        }

        (End, Unread) = (end, unread.ToImmutable());
        return null;
    }

    /// <summary>Whether a genuine record lies behind a damaged one: then it is damage, not an append that broke off.</summary>
    private static async ValueTask<bool> IsFollowedAsync(LogWindow copy, long offset, ulong number, RecordCipher cipher, CancellationToken cancellationToken)
    {
        var (frame, _) = await ReadFrameAsync(copy, offset, cancellationToken);
        return !frame.IsEmpty && JournalRecord.TryRead(frame.Span, number, previous: null, cipher) is not null;
    }

    /// <summary>The bytes of the record that begins at an offset; empty when there is no whole frame, and then how many bytes there were instead.</summary>
    private static async ValueTask<(ReadOnlyMemory<byte> Frame, int Remaining)> ReadFrameAsync(LogWindow copy, long offset, CancellationToken cancellationToken)
    {
        var head = await copy.ReadAsync(offset, JournalRecord.HeadSize, cancellationToken);
        var length = JournalRecord.ReadLength(head.Span);
        if (length == 0) return (default, head.Length);
        var frame = await copy.ReadAsync(offset, length, cancellationToken);
        return frame.Length == length ? (frame, 0) : (default, frame.Length);
    }
}
