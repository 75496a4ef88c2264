using Oort.Metadata;
using Oort.Objects.Writing;

namespace Oort.Objects.Packs;

/// <summary>Where a small body's sealed chunks have become durable.</summary>
/// <param name="Run">Its run in the pack.</param>
/// <param name="Segment">The pack.</param>
/// <param name="Use">Set when the pack holds this body alone: the body's own commit brings the segment, and ends the use.</param>
/// <param name="Known">Otherwise: ends when the metadata knows the pack, which was asked of it before this was told.</param>
internal readonly record struct PackPlace(SegmentRun Run, SegmentRow Segment, SegmentIds.SegmentUse? Use, Task Known);
