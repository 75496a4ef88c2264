using Oort.Backends;

namespace Oort.Objects.Caching;

/// <summary>One data cell of a segment. What it holds never changes: a segment's id is never used again, and repairs and moves write the same bytes elsewhere.</summary>
internal readonly record struct CellName(SegmentId Segment, ushort Stripe, byte Cell);
