using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>Checks and adds the data that a command brings or refers to.</summary>
internal static class DataChecks
{
    /// <summary>Fenced, DataGone, or Done: then <see cref="Add"/> may follow.</summary>
    /// <exception cref="ArgumentException">New data that no extent names, or that is named twice: a bug of the caller.</exception>
    public static CommitOutcome Check(WriteSession session, ImmutableArray<Extent> extents, NewData newData)
    {
        if (!newData.Segments.IsEmpty || !newData.Data.IsEmpty)
        {
            if (!session.IsLive(newData.Epoch)) return CommitOutcome.Fenced;
            foreach (var row in newData.Data)
            {
                var outcome = CheckRuns(session, row.Runs, newData.Segments);
                if (outcome != CommitOutcome.Done) return outcome;
            }
        }
        // Nearly every put: one extent of one data id that comes with it.
        if (extents.Length == 1 && newData.Data.Length == 1 && extents[0].Data == newData.Data[0].Id) return CommitOutcome.Done;
        var brought = newData.Data.Select(row => row.Id).ToHashSet();
        if (brought.Count != newData.Data.Length) throw new ArgumentException("A data id is brought twice.");
        var referred = new HashSet<DataId>();
        foreach (var extent in extents)
        {
            if (!referred.Add(extent.Data) || brought.Contains(extent.Data)) continue;
            if (!session.Tables.Data.Exists(extent.Data)) return CommitOutcome.DataGone;
        }
        return brought.IsSubsetOf(referred) ? CommitOutcome.Done : throw new ArgumentException("New data must be referred to by the command that brings it.");
    }

    /// <summary>Whether all runs lie in segments that are there or come with the command.</summary>
    public static CommitOutcome CheckRuns(WriteSession session, ImmutableArray<SegmentRun> runs, ImmutableArray<SegmentRow> newSegments)
    {
        SegmentId? last = null;
        foreach (var run in runs)
        {
            if (run.Segment == last) continue;
            last = run.Segment;
            if (!IsAmong(newSegments, run.Segment) && session.FindSegment(run.Segment) is null) return CommitOutcome.DataGone;
        }
        return CommitOutcome.Done;
    }

    public static void Add(WriteSession session, NewData newData)
    {
        foreach (var segment in newData.Segments) session.InsertSegment(Valid(segment));
        foreach (var data in newData.Data) session.AddData(data);
    }

    /// <summary>The row, if its places are as many as its code has shards.</summary>
    public static SegmentRow Valid(SegmentRow row) => row.Shards.Length == row.Geometry.TotalShards && row.PayloadLength >= 0
        ? row
        : throw new ArgumentException($"Segment {row.Id} has {row.Shards.Length} places for {row.Geometry} shards, or a negative length.");

    private static bool IsAmong(ImmutableArray<SegmentRow> segments, SegmentId id)
    {
        foreach (var row in segments)
            if (row.Id == id) return true;
        return false;
    }
}
