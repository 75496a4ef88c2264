namespace Oort.Objects.Writing;

/// <summary>The writer's epoch has been fenced: another process has taken over, and this one must not write any more.</summary>
internal sealed class FencedException() : Exception("This process's epoch was fenced: another process has taken over.");
