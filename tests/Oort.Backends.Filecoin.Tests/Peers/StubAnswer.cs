namespace Oort.Backends.Filecoin.Tests.Peers;

/// <summary>What the stub answers with.</summary>
internal sealed record StubAnswer(int Status, string? Json = null, string? Location = null)
{
    public byte[]? Body { get; init; }

    /// <summary>Content-Range.</summary>
    public string? Range { get; init; }
}
