namespace Oort.Objects.Reading;

/// <summary>Neighbouring chunks of one data id that lie together in one segment, mostly in one stripe: what is read, decrypted and sent at a time.</summary>
/// <param name="Data">Whose.</param>
/// <param name="Segment">Where.</param>
/// <param name="PayloadOffset">Of the first chunk, in the segment's payload.</param>
/// <param name="FirstChunk">Its number in the data id.</param>
/// <param name="ChunkCount">How many chunks, at least one.</param>
/// <param name="From">First plaintext byte wanted, within the data id.</param>
/// <param name="To">The byte after the last one wanted; it lies in the last chunk.</param>
internal sealed record ChunkWindow(OpenData Data, OpenSegment Segment, long PayloadOffset, long FirstChunk, int ChunkCount, long From, long To);
