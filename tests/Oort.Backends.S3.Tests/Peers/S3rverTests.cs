using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Oort.Backends.Suite;
using Oort.Gateway.Networks;
using Oort.Objects.Networks;
using Oort.S3.Client;
using Shouldly;

namespace Oort.Backends.S3.Tests.Peers;

/// <summary>The whole suite against an S3 server that others wrote.</summary>
public sealed class S3rverSuiteTests(S3rver server) : NetworkBackendSuite, IClassFixture<S3rver>
{
    protected override async Task<NetworkHarness> CreateAsync() => await S3Harness.StartAsync(server);
}

/// <summary>What the backend does not ask of it there.</summary>
public sealed class S3rverTests(S3rver server) : IClassFixture<S3rver>
{
    private const int PartSize = 5 << 20;

    [Fact]
    public async Task Object_InParts_IsPutReadInRangesListedAndDeleted()
    {
        using var client = server.Client();
        var bucket = await server.NewBucketAsync();
        var bytes = TestBytes.Make(2 * PartSize + 12_345, 1);
        var upload = await client.CreateUploadAsync(bucket, "folder/long", S3PutOptions.None, default);
        var parts = new List<S3Part>();
        for (var offset = 0; offset < bytes.Length; offset += PartSize)
        {
            var part = bytes[offset..Math.Min(offset + PartSize, bytes.Length)];
            var tag = await client.UploadPartAsync(bucket, "folder/long", upload, parts.Count + 1, new(part.Length, _ => ValueTask.FromResult<Stream>(new MemoryStream(part))), default);
            parts.Add(new(parts.Count + 1, part.Length, tag));
        }

        await client.CompleteUploadAsync(bucket, "folder/long", upload, parts, S3PutOptions.None, default);
        (await client.HeadObjectAsync(bucket, "folder/long", null, null, default)).Size.ShouldBe(bytes.Length);
        foreach (var (offset, length) in ((int, int)[])[(0, bytes.Length), (0, 1), (PartSize - 1, 2), (bytes.Length - 1, 1)])
        {
            var read = new MemoryStream();
            await using (var download = await client.GetObjectAsync(bucket, "folder/long", null, null, offset, length, default)) await download.Body.CopyToAsync(read);
            read.ToArray().AsSpan().SequenceEqual(bytes.AsSpan(offset, length)).ShouldBeTrue($"{length} from {offset}");
        }

        var keys = new List<string>();
        await foreach (var item in client.ListObjectsAsync(bucket, "folder/", null, default)) keys.Add(item.Key);
        keys.ShouldBe(["folder/long"]);
        await client.DeleteObjectAsync(bucket, "folder/long", null, default);
        await foreach (var item in client.ListObjectsAsync(bucket, "", null, default)) throw new ShouldAssertException(item.Key);
    }

    /// <summary>Opened by an operator's settings, over http: what it is sent in frames it keeps with the frames.</summary>
    [Theory]
    [InlineData("plain", true)]
    [InlineData("auto", false)]
    public async Task Item_OfANetworkWithABodyForm_IsTakenWhereThereAreNoFrames(string form, bool isTaken)
    {
        var definition = new NetworkDefinition
        {
            Id = new(1),
            Name = "other",
            Kind = "s3",
            Settings = new Dictionary<string, string> { ["endpoint"] = server.Endpoint.ToString(), ["bucket"] = await server.NewBucketAsync(), ["body-form"] = form }.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
        var keys = new Dictionary<string, string> { ["access-key"] = S3rver.Keys.Id, ["secret-key"] = S3rver.Keys.Secret };
        await using var backend = new NetworkFactory(TimeProvider.System, new Random(1)).Open(definition, JsonSerializer.SerializeToUtf8Bytes(keys));
        if (!isTaken)
        {
            (await Should.ThrowAsync<BackendException>(() => SealAsync(backend))).Kind.ShouldBe(BackendErrorKind.Corrupt);
            return;
        }

        (await SealAsync(backend)).State.ShouldBe(ItemState.Sealed);
    }

    /// <summary>It does not say which parts it has, so nobody could go on after a restart.</summary>
    [Fact]
    public async Task Item_InParts_WhereTheServerListsNone_ComesToNothingBeforeAPartIsSent()
    {
        await using var harness = await S3Harness.StartAsync(server);
        var failure = await Should.ThrowAsync<BackendException>(() => SealAsync(harness.Backend));
        failure.Kind.ShouldBe(BackendErrorKind.Permanent);
        harness.Proxy.PartCount.ShouldBe(0);
    }

    /// <summary>An item of 100,000 bytes, as far as it gets without a wait.</summary>
    private static async Task<NetworkItem> SealAsync(INetworkBackend backend)
    {
        var bytes = TestBytes.Make(100_000, 1);
        var item = new NetworkItem { Id = new(1), Length = bytes.Length, Sha256 = SHA256.HashData(bytes) };
        for (var step = 0; step < 5 && item.State != ItemState.Sealed; step++) item = await backend.StepAsync(item, new MemorySource(bytes), default);
        return item;
    }
}
