using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;

namespace Oort.Objects.Tests.Keys;

/// <summary>What someone finds who has the recovery phrase and every byte that the stores and the data directory still hold.</summary>
internal static class Remains
{
    /// <summary>Places that contain some bytes as they are: files of the data directory, and every blob, log and shard of every store.</summary>
    public static async Task<List<string>> FindRawAsync(TestCluster cluster, IReadOnlyCollection<byte[]> needles)
    {
        var found = new List<string>();
        foreach (var file in Directory.GetFiles(cluster.DataDirectory))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[stream.Length];
            await stream.ReadExactlyAsync(bytes);
            Look(Path.GetFileName(file), bytes);
        }

        foreach (var store in cluster.Stores.Select(store => store.Inner))
        {
            await foreach (var name in store.ListBlobsAsync("", CancellationToken.None)) Look($"{store.Id} {name}", (await store.GetBlobAsync(name, CancellationToken.None))!);
            await foreach (var name in store.ListLogsAsync("", CancellationToken.None))
            {
                var bytes = new byte[await store.LogLengthAsync(name, CancellationToken.None)];
                await store.ReadLogAsync(name, 0, bytes, CancellationToken.None);
                Look($"{store.Id} {name}", bytes);
            }

            await foreach (var shard in store.ListAsync(CancellationToken.None))
            {
                var bytes = new byte[shard.Length];
                await store.ReadAsync(shard.Id, 0, bytes, CancellationToken.None);
                Look($"{store.Id} {shard.Id}", bytes);
            }
        }

        return found;

        void Look(string where, byte[] bytes)
        {
            if (needles.Any(needle => bytes.AsSpan().IndexOf(needle) >= 0)) found.Add(where);
        }
    }

    /// <summary>Places whose plaintext contains some bytes: every record of every log and every batch of every snapshot on every store, opened with the keyring that the phrase opens.</summary>
    public static async Task<List<string>> FindSealedAsync(TestCluster cluster, IReadOnlyCollection<byte[]> needles)
    {
        var found = new List<string>();
        var opened = 0;
        foreach (var store in cluster.Stores.Select(store => store.Inner))
        {
            using var keyring = await KeyringAsync(store, cluster.Root);
            var catalogue = await JournalCatalogue.ReadAsync([store], keyring, NullLogger.Instance, CancellationToken.None);
            catalogue.Unreadable.ShouldBeEmpty("Nothing hides in a log that cannot be read.");
            foreach (var log in catalogue.Logs)
                await foreach (var record in new JournalLogReader(log, keyring, NullLogger.Instance).ReadAsync(CancellationToken.None)) Look($"{store.Id} {log.Name}", record.Entry.Changes);
            var reader = new SnapshotReader([store], keyring, NullLogger.Instance);
            foreach (var snapshot in await reader.FindAsync(CancellationToken.None))
                await foreach (var batch in reader.ReadAsync(snapshot, CancellationToken.None)) Look($"{store.Id} snapshot {snapshot.Manifest.Generation:x}", batch.Changes);
        }

        opened.ShouldBeGreaterThan(0);
        return found;

        void Look(string where, ReadOnlyMemory<byte> bytes)
        {
            opened++;
            if (needles.Any(needle => bytes.Span.IndexOf(needle) >= 0)) found.Add(where);
        }
    }

    /// <summary>The keyring as a store has it.</summary>
    public static async Task<Keyring> KeyringAsync(IStore store, RootKey root)
    {
        Keyring.TryOpen((await store.GetBlobAsync(KeyringReplicas.BlobName, CancellationToken.None))!, root, out var keyring, out var error).ShouldBeTrue(error.ToString());
        return keyring!;
    }

    /// <summary>All rows of data.</summary>
    public static async Task<List<DataRow>> DataAsync(IObjectSystem system)
    {
        var rows = new List<DataRow>();
        for (DataId? after = null; ;)
        {
            var page = await system.Metadata.ListDataAsync(after, 1_000, CancellationToken.None);
            rows.AddRange(page);
            if (page.Length < 1_000) return rows;
            after = page[^1].Id;
        }
    }

    /// <summary>The data of an object's newest version.</summary>
    public static async Task<DataRow> DataOfAsync(IObjectSystem system, BucketRow bucket, string key) =>
        (await system.Metadata.OpenVersionAsync(bucket.Id, key, null, CancellationToken.None))!.Data.ShouldHaveSingleItem().Data;

    public static async Task DeleteAsync(IObjectSystem system, BucketRow bucket, string key) =>
        (await system.Metadata.DeleteVersionAsync(new(bucket.Id, key, "root", null, WriteConditions.None), CancellationToken.None)).Outcome.ShouldBe(CommitOutcome.Done);

    public static byte[] Bytes(DataId id)
    {
        var bytes = new byte[DataId.Size];
        id.Write(bytes);
        return bytes;
    }

    public static Task<RecoveryReport> RecoverAsync(TestCluster cluster)
    {
        Directory.Delete(cluster.DataDirectory, recursive: true);
        Directory.CreateDirectory(cluster.DataDirectory);
        return Oort.Objects.Recovery.RunAsync(new() { DataDirectory = cluster.DataDirectory, OpenTimeout = TimeSpan.FromSeconds(5) }, cluster.Endpoints, cluster.Root, TimeProvider.System, cluster.Logs, null, CancellationToken.None);
    }
}

/// <summary>Stands for a kill of the process.</summary>
internal sealed class KilledException(string after) : Exception(after);
