using System.Collections.Immutable;
using System.Text;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>What the engine knows about itself: generations, totals, and the outbox.</summary>
internal sealed class StateTable(Database database)
{
    private Statement? get;
    private Statement? set;
    private Statement? addTotal;
    private Statement? totals;
    private Statement? putOutbox;
    private Statement? trimOutbox;
    private Statement? outbox;

    /// <summary>Generation of the newest committed command.</summary>
    public ulong Committed
    {
        get => (ulong)Get("committed");
        set => Set("committed", checked((long)value));
    }

    /// <summary>Newest generation known, when that was written, to be in the journal; the journal itself knows better.</summary>
    public ulong Journalled
    {
        get => (ulong)Get("journalled");
        set => Set("journalled", checked((long)value));
    }

    public void Add(Totals change)
    {
        AddTotal("buckets", change.Buckets);
        AddTotal("objects", change.Objects);
        AddTotal("versions", change.Versions);
        AddTotal("uploads", change.Uploads);
        AddTotal("logical_bytes", change.LogicalBytes);
        AddTotal("segments", change.Segments);
        AddTotal("segments_partial", change.SegmentsPartial);
        AddTotal("payload_bytes", change.PayloadBytes);
        AddTotal("live_bytes", change.LiveBytes);
    }

    public Totals ReadTotals()
    {
        totals ??= database.Prepare("SELECT name, value FROM totals");
        var result = new Totals();
        using var rows = totals.Query();
        while (rows.Next())
        {
            var value = totals.Long(1);
            switch (Encoding.UTF8.GetString(totals.Blob(0)))
            {
                case "buckets": result.Buckets = value; break;
                case "objects": result.Objects = value; break;
                case "versions": result.Versions = value; break;
                case "uploads": result.Uploads = value; break;
                case "logical_bytes": result.LogicalBytes = value; break;
                case "segments": result.Segments = value; break;
                case "segments_partial": result.SegmentsPartial = value; break;
                case "payload_bytes": result.PayloadBytes = value; break;
                case "live_bytes": result.LiveBytes = value; break;
            }
        }
        return result;
    }

    public void PutOutbox(ulong first, ulong last, ReadOnlySpan<byte> changes)
    {
        putOutbox ??= database.Prepare("INSERT INTO outbox(first, last, changes) VALUES (?1, ?2, ?3)");
        putOutbox.Bind(1, first).Bind(2, last).Bind(3, changes).Run();
    }

    /// <summary>Drops what is in the journal.</summary>
    public void TrimOutbox(ulong journalled)
    {
        trimOutbox ??= database.Prepare("DELETE FROM outbox WHERE last <= ?1");
        trimOutbox.Bind(1, journalled).Run();
    }

    public ImmutableArray<JournalEntry> Outbox()
    {
        outbox ??= database.Prepare("SELECT first, last, changes FROM outbox ORDER BY first");
        var result = ImmutableArray.CreateBuilder<JournalEntry>();
        using var rows = outbox.Query();
        while (rows.Next()) result.Add(new(outbox.ULong(0), outbox.ULong(1), outbox.Blob(2).ToArray()));
        return result.DrainToImmutable();
    }

    private long Get(string name)
    {
        get ??= database.Prepare("SELECT value FROM state WHERE name = CAST(?1 AS TEXT)");
        using var rows = get.Bind(1, Encoding.UTF8.GetBytes(name)).Query();
        return rows.Next() ? get.Long(0) : throw new MetadataFormatException($"The metadata database has no {name} generation.");
    }

    private void Set(string name, long value)
    {
        set ??= database.Prepare("UPDATE state SET value = ?2 WHERE name = CAST(?1 AS TEXT)");
        set.Bind(1, Encoding.UTF8.GetBytes(name)).Bind(2, value).Run();
    }

    private void AddTotal(string name, long change)
    {
        if (change == 0) return;
        addTotal ??= database.Prepare("UPDATE totals SET value = value + ?2 WHERE name = CAST(?1 AS TEXT)");
        addTotal.Bind(1, Encoding.UTF8.GetBytes(name)).Bind(2, change).Run();
    }
}
