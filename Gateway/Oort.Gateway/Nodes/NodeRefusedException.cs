namespace Oort.Gateway;

/// <summary>A message of a node that is not taken (docs/formats/node-membership.md §8).</summary>
internal sealed class NodeRefusedException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;
}
