using Oort.Access.Policies;

namespace Oort.Gateway.Access;

/// <summary>Something that whoever makes a request must be allowed.</summary>
/// <param name="Path">A bucket, or a bucket, a slash and a key; <c>*</c>: what is of no bucket.</param>
internal readonly record struct RequiredRight(AccessAction Action, string Path);
