using Oort.Backends;

namespace Oort.Objects.Reading;

/// <summary>Some payload bytes of one stripe, or all of some full stripes that follow one another. What they are never changes: a segment's id is never used again, and repairs and moves write the same bytes elsewhere.</summary>
/// <param name="From">First byte within the payload of the (first) stripe.</param>
/// <param name="To">The byte after the last; behind the first stripe where there are several.</param>
internal readonly record struct StripeRange(SegmentId Segment, int Stripe, int From, int To);
