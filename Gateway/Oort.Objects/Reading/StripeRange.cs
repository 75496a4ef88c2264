using Oort.Backends;

namespace Oort.Objects.Reading;

/// <summary>Some payload bytes of one stripe. What they are never changes: a segment's id is never used again, and repairs and moves write the same bytes elsewhere.</summary>
/// <param name="From">First byte within the stripe's payload.</param>
/// <param name="To">The byte after the last.</param>
internal readonly record struct StripeRange(SegmentId Segment, int Stripe, int From, int To);
