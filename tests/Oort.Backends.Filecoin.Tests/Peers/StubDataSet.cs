using System.Numerics;
using Oort.Evm;

namespace Oort.Backends.Filecoin.Tests.Peers;

/// <summary>A data set on the stub's chain.</summary>
internal sealed class StubDataSet
{
    public required ulong Id { get; init; }

    public required EvmAddress Payer { get; init; }

    public required EvmAddress Payee { get; init; }

    public required BigInteger ClientDataSetId { get; init; }

    public ulong ProviderId { get; set; } = StubChain.ProviderId;

    /// <summary>By their numbers; null: removed.</summary>
    public List<PieceCid?> Pieces { get; } = [];

    public HashSet<ulong> ScheduledRemovals { get; } = [];

    /// <summary>Pieces below this number are challenged.</summary>
    public int Range { get; set; }

    public ulong LastProven { get; set; }

    /// <summary>Last block of the period; 0: none has begun.</summary>
    public ulong Deadline { get; set; }

    public ulong EndBlock { get; set; }

    public bool IsDeleted { get; set; }

    public bool IsLive(ulong piece) => !IsDeleted && piece < (ulong)Pieces.Count && Pieces[(int)piece] is not null;
}
