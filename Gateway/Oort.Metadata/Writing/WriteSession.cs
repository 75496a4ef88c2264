using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;

namespace Oort.Metadata.Writing;

/// <summary>The writer's view of the database while it runs a group: what commands read by and change rows with.</summary>
/// <remarks>
/// Each change of a row goes three ways at once: into the database, into the group's journal entry, and into what is derived
/// (references, live bytes, totals), so that none can be forgotten. Derived numbers are gathered and written once a command or once a group.
/// </remarks>
internal sealed partial class WriteSession(ITableSet tables, TimeProvider time)
{
    private readonly ChangeEncoder encoder = new();
    private readonly RecordWriter record = new();
    private readonly Dictionary<DataId, long> references = [];
    private readonly Dictionary<DataId, DataRow> newData = [];
    private readonly Dictionary<DataId, ulong> letGoBy = [];
    private readonly Dictionary<SegmentId, (long Count, long Bytes, bool Shrank)> segmentUse = [];
    private readonly Dictionary<BucketId, BucketRow> bucketCache = [];
    private Dictionary<string, ulong>? epochs;
    private readonly Dictionary<SegmentId, SegmentRow> segmentCache = [];
    private HashSet<ulong> scopes = [];
    private Dictionary<ulong, FoundVersion> decided = [];
    private readonly ulong[] random = new ulong[64];
    private int randomLeft;
    private Totals totals;
    private bool isReplay;

    /// <summary>Buckets kept decoded; beyond it the cache starts anew.</summary>
    private const int CachedBucketsMax = 1_024;

    /// <summary>Segments kept decoded: those that puts come to now. Beyond it the cache starts anew.</summary>
    private const int CachedSegmentsMax = 256;

    public ITableSet Tables => tables;

    /// <summary>Fills a buffer with what cannot be guessed.</summary>
    public Action<Span<byte>> Random { get; init; } = RandomNumberGenerator.Fill;

    /// <summary>Generation of the newest command that has written.</summary>
    public ulong Generation { get; private set; }

    /// <summary>Commands that would write are refused from now on.</summary>
    public bool IsSealed { get; set; }

    /// <summary>Whether the command that runs has written anything.</summary>
    public bool CommandWrote { get; private set; }

    /// <summary>Bytes of the group's changes so far.</summary>
    public int EncodedLength => encoder.Length;

    public bool GroupIsEmpty => encoder.IsEmpty;

    /// <summary>The group has changed where data lies that was there before it.</summary>
    public bool DataMoved { get; private set; }

    /// <summary>Now, in the precision that rows keep: milliseconds.</summary>
    public DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    public void BeginGroup(ulong committed)
    {
        Generation = committed;
        encoder.Begin(committed + 1);
        scopes = [];
        decided = [];
        references.Clear();
        newData.Clear();
        letGoBy.Clear();
        segmentUse.Clear();
        TrimUsage();
        totals = default;
        CommandWrote = false;
        DataMoved = false;
        isReplay = false;
    }

    /// <summary>Must follow a rollback: what was cached from the database may not be in it.</summary>
    public void ForgetCaches()
    {
        bucketCache.Clear();
        segmentCache.Clear();
        ForgetUsage();
        epochs = null;
    }

    public void BeginCommand() => CommandWrote = false;

    /// <summary>To be called once all conditions have been checked: gives the command its generation.</summary>
    /// <exception cref="MetadataUnavailableException">The engine is sealed.</exception>
    public ulong StartWriting()
    {
        if (IsSealed) throw new MetadataUnavailableException("The metadata are being moved to another database; nothing was changed. Try again in a moment.");
        CommandWrote = true;
        return ++Generation;
    }

    /// <summary>Ends a command: writes the reference counts that it changed, and drops data without references.</summary>
    public void EndCommand()
    {
        foreach (var (id, change) in references)
        {
            if (newData.Remove(id, out var row))
            {
                InsertData(row, change);
                continue;
            }
            if (change == 0) continue;
            if (isReplay) // Deletes of data stand in the journal themselves.
            {
                tables.Data.AddReferences(id, change);
                continue;
            }
            var left = tables.Data.AddReferencesOrRemove(id, change, out var removed);
            // Only after a recovery with losses can data be missing that something lets go of; that must still be deletable.
            if (left is null && change > 0) throw new InvalidOperationException($"Data {id} is referred to but not there.");
            if (removed is not null) EndData(removed);
        }
        references.Clear();
        letGoBy.Clear();
        if (newData.Count > 0) throw new ArgumentException("New data must be referred to by the command that brings it.");
    }

    /// <summary>Ends a group: writes what was gathered, and gives its journal entry.</summary>
    public JournalEntry EndGroup(ulong firstGeneration)
    {
        FlushSegmentUse();
        FlushUsage();
        tables.EndGroup(Generation, totals);
        totals = default;
        return new(firstGeneration, Generation, encoder.ToArray());
    }

    public IReadOnlySet<ulong> TakeScopes() => scopes;

    public IReadOnlyDictionary<ulong, FoundVersion> TakeDecided() => decided;

    /// <summary>Keeps a version that a put made, for readers who ask for it before its group is in the database: those with all their bytes in one run of data that is new with them.</summary>
    public void NoteDecided(VersionRow row, ReadOnlySpan<byte> keyBytes, NewData newData)
    {
        if (row.Extents.Length != 1 || newData.Data.Length != 1 || newData.Data[0].Runs.Length != 1) return;
        var data = newData.Data[0];
        if (FindSegment(data.Runs[0].Segment) is { } segment)
            decided[Scope.Key(row.Bucket, keyBytes)] = new(row, [new(data, ImmutableDictionary<SegmentId, SegmentRow>.Empty.Add(segment.Id, segment))]);
    }

    public SegmentRow? FindSegment(SegmentId id)
    {
        if (segmentCache.TryGetValue(id, out var cached)) return cached;
        var row = tables.Segments.Find(id);
        if (row is not null) Keep(row);
        return row;
    }

    private void Keep(SegmentRow row)
    {
        if (segmentCache.Count >= CachedSegmentsMax) segmentCache.Clear();
        segmentCache[row.Id] = row;
    }

    public BucketRow? FindBucket(BucketId id)
    {
        if (bucketCache.TryGetValue(id, out var cached)) return cached;
        var row = tables.Buckets.Find(id);
        if (row is null) return null;
        if (bucketCache.Count >= CachedBucketsMax) bucketCache.Clear();
        bucketCache[id] = row;
        return row;
    }

    public Dictionary<string, ulong> Epochs => epochs ??= tables.Small.ListEpochs();

    /// <summary>Whether a writer with this epoch may still write.</summary>
    public bool IsLive(ulong epoch) => Epochs.ContainsValue(epoch);

    /// <summary>64 bits that cannot be guessed. Taken from the system many at a time: asking costs as much as half a row.</summary>
    public ulong RandomBits()
    {
        if (randomLeft == 0)
        {
            Random(MemoryMarshal.AsBytes(random.AsSpan()));
            randomLeft = random.Length;
        }
        return random[--randomLeft];
    }

    /// <summary>Brings the numbers of segments up to date, for a command that reads them.</summary>
    public void FlushSegmentUse()
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var (id, use) in segmentUse) tables.Segments.AddUse(id, use.Count, use.Bytes, use.Shrank, now);
        segmentUse.Clear();
    }

    /// <summary>Journals a row again as it is in the database; nothing of it changes.</summary>
    /// <param name="value">Null: it is gone.</param>
    public void Reassert(RowTable table, ReadOnlySpan<byte> key, byte[]? value, byte[]? extents)
    {
        if (value is null) EmitDelete(table, key);
        else EmitUpsert(table, key, value, extents);
    }

    private void Refer(IEnumerable<Extent> extents, int sign)
    {
        foreach (var extent in extents) references[extent.Data] = references.GetValueOrDefault(extent.Data) + sign;
    }

    private void UseSegment(SegmentId segment, long count, long bytes)
    {
        var use = segmentUse.GetValueOrDefault(segment);
        segmentUse[segment] = (use.Count + count, use.Bytes + bytes, use.Shrank || bytes < 0);
        totals.LiveBytes += bytes;
    }

    private void EmitUpsert(RowTable table, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ReadOnlySpan<byte> rest = default)
    {
        Debug.Assert(CommandWrote || isReplay, "A command writes only after StartWriting.");
        encoder.Upsert(table, Generation, key, value, rest);
        Scope.Add(scopes, table, key);
    }

    private void EmitDelete(RowTable table, ReadOnlySpan<byte> key)
    {
        Debug.Assert(CommandWrote || isReplay, "A command writes only after StartWriting.");
        encoder.Delete(table, Generation, key);
        Scope.Add(scopes, table, key);
    }
}
