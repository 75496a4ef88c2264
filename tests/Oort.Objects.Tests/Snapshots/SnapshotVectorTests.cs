using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Crypto;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Snapshots;

/// <summary>Each file of tests/vectors/snapshot, read by the product and by the naive reader.</summary>
public sealed class SnapshotVectorTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("snapshot", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Reader_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("snapshot", name);
        using var keyring = FormatVector.ExampleKeyring();
        var (outcome, batches) = await ReadAsync(vector.Bytes, Parts(vector), Generation(vector), keyring);
        outcome.ShouldBe(vector.Expect);
        if (outcome == "ok") batches.ShouldBe(vector.All("batch"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NaiveReader_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("snapshot", name);
        var (outcome, batches) = NaiveSnapshot.Read(vector.Bytes, Parts(vector), Generation(vector), vector.Hex("snapshot-key"), vector["cluster"]);
        outcome.ShouldBe(vector.Expect);
        if (outcome == "ok") batches.ShouldBe(vector.All("batch"));
    }

    [Fact]
    public void Manifest_GoodVector_GivesItsFields()
    {
        using var keyring = FormatVector.ExampleKeyring();
        var manifest = SnapshotManifest.TryRead(FormatVector.Read("snapshot", "two-parts").Bytes, keyring).ShouldNotBeNull();
        manifest.Created.ShouldBe(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
        (manifest.Generation, manifest.BatchCount, manifest.Parts.Length).ShouldBe((7UL, 3U, 2));
        manifest.Gateways.ShouldBe([new(new(0xaa), 6, IsRetired: true), new(new(0xbb), 7, IsRetired: false)]);
    }

    [Fact]
    public async Task Reader_EveryFlippedByteAndTruncationOfTheManifest_FindsNoSnapshot()
    {
        var vector = FormatVector.Read("snapshot", "two-parts");
        using var keyring = FormatVector.ExampleKeyring();
        foreach (var damaged in Damaged(vector.Bytes)) (await ReadAsync(damaged, Parts(vector), Generation(vector), keyring)).Outcome.ShouldBe("none");
    }

    [Fact]
    public async Task Reader_EveryFlippedByteAndTruncationOfAPart_SaysThatItIsCorrupt()
    {
        var vector = FormatVector.Read("snapshot", "two-parts");
        using var keyring = FormatVector.ExampleKeyring();
        for (var part = 0; part < 2; part++)
        {
            foreach (var damaged in Damaged(Parts(vector)[part]))
            {
                var parts = Parts(vector);
                parts[part] = damaged;
                (await ReadAsync(vector.Bytes, parts, Generation(vector), keyring)).Outcome.ShouldBe("corrupt");
            }
        }
    }

    [Fact]
    public void NaiveReader_WhatTheProductWrote_ReadsIt()
    {
        var vector = FormatVector.Read("snapshot", "two-parts");
        using var keyring = FormatVector.ExampleKeyring();
        using var cipher = keyring.BeginSnapshot();
        var buffer = new SnapshotPartBuffer(new(keyring.Identity), 9, cipher);
        var parts = new List<byte[]>();
        foreach (var size in new[] { 5, 0, SnapshotPartBuffer.SizeTarget - 200, 300 })
        {
            if (!buffer.HasRoom(size)) parts.Add(buffer.Take()!);
            buffer.Add(new byte[size]);
        }

        parts.Add(buffer.Take()!);
        parts.Count.ShouldBe(2);
        var manifest = new SnapshotManifest
        {
            Cluster = new(keyring.Identity),
            Generation = 9,
            Salt = [.. cipher.Salt],
            Created = DateTimeOffset.UnixEpoch,
            BatchCount = buffer.BatchCount,
            Parts = [.. parts.Select(part => new SnapshotPart(part.Length, RecordHash.Of(part)))],
            Gateways = [new(new(1), 9, IsRetired: false)],
        };
        var (outcome, batches) = NaiveSnapshot.Read(manifest.ToBytes(cipher), [.. parts], 9, vector.Hex("snapshot-key"), vector["cluster"]);
        outcome.ShouldBe("ok");
        batches.Select(batch => batch.Length / 2).ShouldBe([5, 0, SnapshotPartBuffer.SizeTarget - 200, 300]);
    }

    private static byte[][] Parts(FormatVector vector) => [.. vector.All("part").Select(Convert.FromHexString)];

    private static ulong Generation(FormatVector vector) => ulong.Parse(vector["generation"], CultureInfo.InvariantCulture);

    /// <summary>The bytes with each one flipped in turn, and cut off before each one.</summary>
    private static IEnumerable<byte[]> Damaged(byte[] bytes)
    {
        for (var index = 0; index < bytes.Length; index++)
        {
            var flipped = bytes.ToArray();
            flipped[index] ^= 0x20;
            yield return flipped;
            yield return bytes[..index];
        }
    }

    /// <summary>What the product makes of a snapshot of which one store has these blobs.</summary>
    private static async Task<(string Outcome, List<string> Batches)> ReadAsync(byte[] manifest, byte[][] parts, ulong generation, Keyring keyring)
    {
        await using var store = new MemoryStore(new(1));
        await store.PutBlobAsync(SnapshotNames.Manifest(generation), manifest, CancellationToken.None);
        for (var index = 0; index < parts.Length; index++) await store.PutBlobAsync(SnapshotNames.Part(generation, index), parts[index], CancellationToken.None);
        var reader = new SnapshotReader([store], keyring, NullLogger.Instance);
        var found = await reader.FindAsync(CancellationToken.None);
        var batches = new List<string>();
        if (found.IsEmpty) return ("none", batches);
        try
        {
            await foreach (var batch in reader.ReadAsync(found.Single(), CancellationToken.None)) batches.Add(Convert.ToHexStringLower(batch.Changes.Span));
            return ("ok", batches);
        }
        catch (BackendException failure) when (failure.Kind == BackendErrorKind.Corrupt)
        {
            return ("corrupt", batches);
        }
    }
}
