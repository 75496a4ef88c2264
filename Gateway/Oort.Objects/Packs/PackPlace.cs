using Oort.Metadata;
using Oort.Objects.Writing;

namespace Oort.Objects.Packs;

/// <summary>Where a small body's sealed chunks have become durable.</summary>
/// <param name="Run">Its run in the pack.</param>
/// <param name="Segment">The pack.</param>
/// <param name="Use">Set when the metadata does not know the pack yet, because it holds this body alone: the body's own commit brings the segment, and ends the use.</param>
internal readonly record struct PackPlace(SegmentRun Run, SegmentRow Segment, SegmentIds.SegmentUse? Use);
