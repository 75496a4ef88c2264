using System.Collections.Immutable;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Costs;
using Oort.Objects.Durability;
using Oort.Objects.Events;
using Oort.Objects.Networks;
using Oort.Objects.Placement;
using Oort.Objects.Reputation;
using Oort.Objects.Tiering;

namespace Oort.Objects;

/// <summary>A running gateway's storage: objects, metadata, stores and the workers behind them. Made by <c>ObjectSystem.OpenAsync</c>.</summary>
/// <remarks>Thread-safe. Disposing it stops it first.</remarks>
public interface IObjectSystem : IAsyncDisposable
{
    /// <summary>Names the cluster for ever.</summary>
    ClusterId Cluster { get; }

    GatewayId Gateway { get; }

    IObjectLayer Objects { get; }

    IMetadataStore Metadata { get; }

    StoreSet Stores { get; }

    /// <summary>What health checks, metrics and <c>oort status</c> show. Cheap; touches no disk.</summary>
    SystemStatus GetStatus();

    /// <summary>The disks with what they hold.</summary>
    ValueTask<ImmutableArray<DiskStatus>> ListDisksAsync(CancellationToken cancellationToken);

    /// <summary>A new disk joins: a blank place becomes a store of this cluster.</summary>
    /// <exception cref="DiskChangeException">It is not blank, not reachable, or configured already.</exception>
    ValueTask<DiskStatus> AddDiskAsync(IStoreEndpoint endpoint, CancellationToken cancellationToken);

    /// <summary>A blank disk takes the place of one that is gone (or that shall go); what that one held is rebuilt onto it in the background.</summary>
    ValueTask<DiskStatus> ReplaceDiskAsync(StoreId gone, IStoreEndpoint endpoint, CancellationToken cancellationToken);

    /// <summary>Moves everything away from a disk in the background; it then counts as removed.</summary>
    /// <exception cref="DiskChangeException">No such disk, or too few others to hold what it has.</exception>
    ValueTask DrainDiskAsync(StoreId disk, CancellationToken cancellationToken);

    /// <summary>Gives up a disk that is gone for good: what it held is rebuilt on the others in the background.</summary>
    /// <exception cref="DiskChangeException">No such disk, the last one, or it is there: then it is drained.</exception>
    ValueTask GiveUpDiskAsync(StoreId gone, CancellationToken cancellationToken);

    /// <summary>Remembers where a store is reached from now on: its next start looks there.</summary>
    /// <exception cref="DiskChangeException">No such disk.</exception>
    ValueTask RelocateDiskAsync(StoreId disk, string location, CancellationToken cancellationToken);

    /// <summary>A store says itself that a shard on it is damaged: it is written anew soon. Nothing happens where the shard is not to be there.</summary>
    /// <returns>Whether it is to be there.</returns>
    ValueTask<bool> ReportDamageAsync(StoreId store, ShardId shard, CancellationToken cancellationToken);

    /// <summary>Asks one store for every shard that it is to have. What is not there, or has another length, is written anew soon; so are old copies of keyring and journal. Reads no shard.</summary>
    /// <returns>How many shards are not there, and whether all were asked for: one look ends at 10,000 that are not.</returns>
    /// <exception cref="BackendException">It cannot be asked.</exception>
    ValueTask<(long Lost, bool IsAll)> CheckStoreAsync(StoreId store, CancellationToken cancellationToken);

    /// <summary>Reads every shard, log, snapshot and keyring on every store and compares them with what they must be.</summary>
    /// <param name="repair">Whether to mend what is bad.</param>
    ValueTask<ScrubReport> ScrubAsync(bool repair, IProgress<ScrubProgress>? progress, CancellationToken cancellationToken);

    /// <summary>Traces references both ways: rows to shards, shards to rows. Reads no payload.</summary>
    /// <param name="repair">Whether to mend what can be mended; otherwise nothing is changed.</param>
    ValueTask<FsckReport> FsckAsync(bool repair, IProgress<FsckProgress>? progress, CancellationToken cancellationToken);

    /// <summary>Recovers a sample of the namespace from the stores and the root key into a database of its own, reads objects back by it, and compares both with what is served. Changes nothing.</summary>
    /// <param name="progress">What it does now, and how much of that is done.</param>
    /// <exception cref="MetadataUnavailableException">The journal or the database does not get on; nothing can be said now.</exception>
    ValueTask<DrillReport> DrillAsync(DrillOptions what, Action<string, long>? progress, CancellationToken cancellationToken);

    /// <summary>Writes a snapshot of the namespace now and drops the journal before it.</summary>
    /// <returns>Its generation.</returns>
    ValueTask<ulong> SnapshotAsync(CancellationToken cancellationToken);

    /// <summary>The outside networks that there are, with their backends and why one cannot be opened (otherwise empty).</summary>
    ImmutableArray<(NetworkDefinition Definition, INetworkBackend? Backend, string Fault)> GetNetworks();

    /// <summary>Adds an outside network; durable when it returns. Nothing goes there before a placement policy names it.</summary>
    /// <param name="wanted">Its id and role are not looked at, nor its sealed secrets.</param>
    /// <param name="secret">The backend's secrets in the clear, kept sealed only.</param>
    /// <exception cref="NetworkException">It breaks a rule, or there is one of this name; nothing has changed.</exception>
    ValueTask<NetworkDefinition> AddNetworkAsync(NetworkDefinition wanted, ReadOnlyMemory<byte> secret, CancellationToken cancellationToken);

    /// <summary>Lets a network get nothing new, and has what only it holds rebuilt on hot stores; or takes that back.</summary>
    /// <exception cref="NetworkException">There is no such network.</exception>
    ValueTask DrainNetworkAsync(string name, bool isDraining, CancellationToken cancellationToken);

    /// <summary>Forgets a network that nothing is on any more.</summary>
    /// <exception cref="NetworkException">It is not drained, or holds something yet; says what.</exception>
    ValueTask RemoveNetworkAsync(string name, CancellationToken cancellationToken);

    /// <summary>Works out what data would cost under each policy, before anything is written. Asks networks for their prices; changes nothing.</summary>
    /// <param name="bucket">Only the policies that its objects come under; null: all.</param>
    /// <exception cref="ArgumentException">A number that cannot be one.</exception>
    ValueTask<QuoteReport> QuoteAsync(CostQuestion question, BucketId? bucket, CancellationToken cancellationToken);

    /// <summary>What is on outside networks as of the last count, and what was spent in a month. Counts nothing itself.</summary>
    /// <param name="month">Its first day; null: this month.</param>
    ValueTask<CostReport> GetCostsAsync(DateOnly? month, CancellationToken cancellationToken);

    /// <summary>Counts now what networks charge, and does not wait for the next hour.</summary>
    ValueTask CountCostsAsync(CancellationToken cancellationToken);

    /// <summary>Sets what may be spent in a month; durable when it returns.</summary>
    /// <param name="network">On this network; null: on all.</param>
    /// <param name="bucket">For this bucket, on all networks together; null: for all. Not both.</param>
    /// <param name="dollars">Null: no limit any more.</param>
    /// <param name="emergencyFactor">How many times as much where data are at risk, of any budget; null: as before.</param>
    /// <exception cref="ArgumentException">A number that cannot be one, or there is no such network or bucket.</exception>
    ValueTask SetBudgetAsync(string? network, string? bucket, double? dollars, double? emergencyFactor, CancellationToken cancellationToken);

    /// <summary>Has rebalancing look at all segments soon.</summary>
    void AskRebalance();

    /// <summary>Pauses or resumes rebalancing, over restarts too.</summary>
    ValueTask PauseRebalanceAsync(bool pause, CancellationToken cancellationToken);

    /// <summary>Moves versions between storage classes, and brings them back from archives.</summary>
    ITiering Tiering { get; }

    /// <summary>Events of changes, on their way to whom buckets tell them.</summary>
    EventQueue Events { get; }

    /// <summary>What audits have shown of stores that others run.</summary>
    ReputationBook Reputations { get; }

    /// <summary>Works out how safe what is stored is, from the live segment table.</summary>
    /// <param name="progress">Segments looked at, of those there were at the beginning.</param>
    /// <exception cref="ArgumentException">An assumption that cannot be one.</exception>
    ValueTask<DurabilityReport> SurveyDurabilityAsync(DurabilityAssumptions assumptions, Action<long, long>? progress, CancellationToken cancellationToken);

    /// <summary>Works out what would be left if some stores were gone, from the live segment table.</summary>
    /// <param name="lost">A store, or a domain of stores.</param>
    /// <param name="withObjects">Also looks at every version.</param>
    /// <exception cref="ArgumentException">No store is meant.</exception>
    ValueTask<WhatIfReport> AskWhatIfAsync(DomainName lost, bool withObjects, Action<long, long>? progress, CancellationToken cancellationToken);

    /// <summary>Runs the collector once, now.</summary>
    ValueTask<CollectReport> CollectAsync(CancellationToken cancellationToken);

    /// <summary>After a recovery: the operator has looked, and the collector may delete again (it would by itself after 7 days).</summary>
    ValueTask ConfirmRecoveryAsync(CancellationToken cancellationToken);

    /// <summary>Does work that only one of the gateways on this database shall do at a time: now, or not at all where another one is at it. When that one dies, the next attempt succeeds within a minute or so.</summary>
    /// <param name="name">The same at all gateways.</param>
    /// <exception cref="MetadataUnavailableException">It had to be broken off, because this gateway could no longer say that it is the one.</exception>
    Task RunAloneAsync(string name, Func<CancellationToken, Task> work, CancellationToken cancellationToken);

    /// <summary>Seals a secret under the keyring, to be kept among the settings.</summary>
    /// <param name="context">What it belongs to.</param>
    byte[] SealSecret(ReadOnlySpan<byte> context, ReadOnlySpan<byte> secret);

    /// <summary>Opens what was sealed for the same context; null when it is not that.</summary>
    byte[]? OpenSecret(ReadOnlySpan<byte> context, ReadOnlySpan<byte> sealedSecret);

    /// <summary>Moves the metadata from SQLite to a PostgreSQL database, while reads go on; changes are refused for the last moment. Then this gateway serves from there.</summary>
    /// <param name="address">As <see cref="ObjectSystemOptions.MetadataDatabase"/>: an empty database, or one that an earlier attempt has begun to fill.</param>
    /// <exception cref="MetadataMoveException">It cannot be moved there, or the copy is not as it must be; everything is as before.</exception>
    /// <exception cref="MetadataUnavailableException">The other database went away; everything is as before.</exception>
    ValueTask<MetadataMoveReport> MoveMetadataAsync(string address, IProgress<MetadataMoveProgress>? progress, CancellationToken cancellationToken);

    /// <summary>Takes a backup of the metadata as they are at one instant, while everything goes on; the caller disposes it.</summary>
    /// <exception cref="MetadataUnavailableException">Another one is being taken, the metadata cannot be read now, or the data directory has no room for it.</exception>
    ValueTask<MetadataBackup> BackupMetadataAsync(CancellationToken cancellationToken);

    /// <summary>Makes a new key-encryption key, under which new data keys are wrapped from now on; the others are wrapped anew in the background.</summary>
    /// <param name="destroyAfter">How long the versions before it are kept; null: until they are asked to be destroyed.</param>
    /// <returns>Its version.</returns>
    /// <exception cref="KeyChangeException">Several gateways share the database, and one of them is at it, or versions shall be destroyed.</exception>
    ValueTask<int> RotateKeyAsync(TimeSpan? destroyAfter, CancellationToken cancellationToken);

    /// <summary>Has an old key-encryption key destroyed as soon as nothing uses it any more.</summary>
    /// <exception cref="KeyChangeException">No such version, or the current one.</exception>
    ValueTask DestroyKeyAsync(int version, CancellationToken cancellationToken);

    /// <summary>Keys with names (SSE-KMS), by name.</summary>
    ImmutableArray<NamedKeyState> ListNamedKeys();

    /// <summary>Makes a key with a name; on a majority of the stores when it returns.</summary>
    /// <exception cref="KeyChangeException">No key can have this name, or one has it already.</exception>
    ValueTask<NamedKeyState> CreateNamedKeyAsync(string name, CancellationToken cancellationToken);

    /// <summary>Makes a new version of a key with a name, under which new data keys are wrapped; what lies under the others stays there, and readable.</summary>
    /// <exception cref="KeyChangeException">There is no such key.</exception>
    ValueTask<NamedKeyState> RotateNamedKeyAsync(string name, CancellationToken cancellationToken);

    /// <summary>Destroys all versions of a key with a name, at once: objects under it can never be read again.</summary>
    /// <exception cref="KeyChangeException">There is no such key, or other gateways may use it.</exception>
    ValueTask DestroyNamedKeyAsync(string name, CancellationToken cancellationToken);

    ValueTask<KeyStatus> GetKeyStatusAsync(CancellationToken cancellationToken);

    /// <summary>Rewrites journals and snapshots now, so that the keys of all deleted data are gone from them.</summary>
    ValueTask<ShredStatus> ShredAsync(CancellationToken cancellationToken);

    /// <summary>What became of a data id, or of the data of a deleted version; at most 1,000. Empty: never there, or gone long ago (a month after it was shredded, or before a recovery).</summary>
    /// <param name="version">Generation in the version's id, where <paramref name="data"/> is null.</param>
    ValueTask<ImmutableArray<ErasureStatus>> FindErasedAsync(DataId? data, ulong version, CancellationToken cancellationToken);

    /// <summary>Ends in order: workers stop, writers drain, the journal is complete, the database checkpointed. Safe to call twice.</summary>
    ValueTask StopAsync(CancellationToken cancellationToken);
}

/// <summary>The metadata cannot be moved; the message says why.</summary>
public sealed class MetadataMoveException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>How far a move of the metadata is.</summary>
/// <param name="RowsCopied">Rows of all tables, derived ones too.</param>
public readonly record struct MetadataMoveProgress(long RowsCopied);

/// <summary>What a move of the metadata did.</summary>
/// <param name="Generation">Up to where both databases are the same.</param>
/// <param name="Pause">How long changes were refused.</param>
public sealed record MetadataMoveReport(ulong Generation, long Objects, long Versions, TimeSpan Pause);

/// <summary>A change of disks that cannot be made; the message says why and what else to do.</summary>
public sealed class DiskChangeException(string message, Exception? inner = null) : Exception(message, inner);
