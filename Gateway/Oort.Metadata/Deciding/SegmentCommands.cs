using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>Segments: added, moved, compacted, dropped.</summary>
internal static class SegmentCommands
{
    public static CommitOutcome Add(WriteSession session, ulong epoch, ImmutableArray<SegmentRow> segments)
    {
        if (!session.IsLive(epoch)) return CommitOutcome.Fenced;
        if (segments.IsEmpty) return CommitOutcome.Done;
        session.StartWriting();
        foreach (var segment in segments) session.InsertSegment(DataChecks.Valid(segment));
        return CommitOutcome.Done;
    }

    public static CommitOutcome Move(WriteSession session, SegmentId id, int expectedGeneration, ImmutableArray<StoreId> shards)
    {
        if (session.Tables.Segments.Find(id) is not { } old || old.PlacementGeneration != expectedGeneration) return CommitOutcome.Conflict;
        var row = DataChecks.Valid(old with { Shards = shards, PlacementGeneration = old.PlacementGeneration + 1 });
        session.StartWriting();
        session.RewriteSegment(old, row);
        return CommitOutcome.Done;
    }

    /// <summary>New segments are added even when nothing moves: their shards are written, and only what has a row is collected.</summary>
    public static (CommitOutcome Outcome, ImmutableArray<bool> Moved) MoveData(
        WriteSession session, ImmutableArray<(DataRow Expected, ImmutableArray<SegmentRun> Runs)> moves, NewData newData)
    {
        if (!newData.Data.IsEmpty) throw new ArgumentException("Moving data brings segments but no new data.");
        if (!newData.Segments.IsEmpty && !session.IsLive(newData.Epoch)) return (CommitOutcome.Fenced, []);
        if (moves.Select(move => move.Expected.Id).Distinct().Count() != moves.Length) throw new ArgumentException("A data id is moved twice.");
        var outcome = DataChecks.CheckRuns(session, [.. moves.SelectMany(move => move.Runs)], newData.Segments);
        if (outcome != CommitOutcome.Done) return (outcome, []);

        var present = moves.Select(move => session.Tables.Data.Find(move.Expected.Id)).ToArray();
        var moved = moves.Select((move, i) => present[i] is { } row && row.Runs.SequenceEqual(move.Expected.Runs)).ToImmutableArray();
        if (newData.Segments.IsEmpty && !moved.Contains(true)) return (CommitOutcome.Done, moved);
        session.StartWriting();
        DataChecks.Add(session, newData);
        for (var i = 0; i < moves.Length; i++)
            if (moved[i]) session.RewriteData(present[i]!, present[i]! with { Runs = moves[i].Runs });
        return (CommitOutcome.Done, moved);
    }

    public static ImmutableArray<SegmentRow> Drop(WriteSession session, ImmutableArray<SegmentId> segments)
    {
        session.FlushSegmentUse();
        var unused = segments.Distinct().Where(id => session.Tables.Segments.DataCount(id) == 0).Select(id => session.Tables.Segments.Find(id)!).ToImmutableArray();
        if (unused.IsEmpty) return [];
        session.StartWriting();
        foreach (var row in unused) session.RemoveSegment(row);
        return unused;
    }
}
