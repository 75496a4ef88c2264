using Oort.Evm;

namespace Oort.Backends.Filecoin.Tests.Peers;

/// <summary>A transaction that the stub's provider has sent.</summary>
/// <param name="made">Filled by the next.</param>
/// <param name="run">What it does in its block; false: it is rejected.</param>
internal sealed class StubTransaction(EvmHash hash, DateTimeOffset due, List<ulong> made, Func<bool> run)
{
    public EvmHash Hash => hash;

    public DateTimeOffset Due => due;

    /// <summary>The data set or the pieces that it has made.</summary>
    public IReadOnlyList<ulong> Made => made;

    /// <summary>Null: it is in no block yet.</summary>
    public bool? IsOk { get; private set; }

    public void Run() => IsOk = run();
}
