namespace Oort.Backends.Local;

/// <summary>Where a shard's bytes lie.</summary>
/// <param name="Volume">Number of the volume.</param>
/// <param name="Length">Bytes of the shard.</param>
/// <param name="Offset">Of its first byte in the volume.</param>
/// <param name="Sequence">Of the group that says so; the highest for a shard counts.</param>
internal readonly record struct ShardLocation(uint Volume, int Length, long Offset, ulong Sequence);
