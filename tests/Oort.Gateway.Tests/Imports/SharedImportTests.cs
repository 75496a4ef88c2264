using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Imports;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3.Client;
using Oort.S3.Client.Tests.Support;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Imports;

/// <summary>Imports where two gateways share a database: one copies, and the other goes on when it can no longer.</summary>
public sealed class SharedImportTests : IAsyncLifetime
{
    /// <summary>More than a page, after which progress is noted.</summary>
    private const int KeyCount = 520;
    private const int PageSize = 500;

    private static readonly string md5 = Convert.ToHexStringLower(MD5.HashData("body"u8));

    private readonly ConcurrentDictionary<string, int> fetched = new();
    private readonly TaskCompletionSource gate = new();
    private TwoGateways gateways = null!;
    private HostileServer source = null!;
    private ImportService a = null!;
    private ImportService b = null!;
    private BucketRow bucket = null!;
    private int heldFrom = int.MaxValue;

    public async ValueTask InitializeAsync()
    {
        gateways = await TwoGateways.StartAsync();
        source = new HostileServer((_, request) => Answer(request));
        (a, b) = (Service(gateways.A), Service(gateways.B));
        bucket = (await gateways.A.Metadata.CreateBucketAsync(new() { Id = default, Name = "new", OwnerId = "owner", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" }, default)).Bucket!;
    }

    public async ValueTask DisposeAsync()
    {
        gate.TrySetResult();
        await a.DisposeAsync();
        await b.DisposeAsync();
        await source.DisposeAsync();
        await gateways.DisposeAsync();
    }

    [Fact]
    public async Task Copy_AtTwoGateways_IsDoneByOneAndOnce()
    {
        heldFrom = 10;
        await BeginAsync(a);
        await UntilAsync(() => IsCopying(a, gateways.A));

        // However often the other one looks.
        for (var i = 0; i < 5; i++) await b.LookAsync(default);
        (await IsCopying(b, gateways.B)).ShouldBeFalse();
        gate.SetResult();
        await UntilAsync(async () => (await b.ListAsync(default)).Single().Settings.State == ImportState.Copied);

        fetched.Count.ShouldBe(KeyCount);
        fetched.Values.ShouldAllBe(count => count == 1);
        (await b.ListAsync(default)).Single().Progress.Copied.ShouldBe(KeyCount);
        (await gateways.B.Metadata.ListObjectsAsync(new(bucket.Id, "", "", "", KeyCount + 1), default)).Objects.Length.ShouldBe(KeyCount);
    }

    [Fact]
    public async Task Copy_WhoseGatewayHasDied_GoesOnAtTheOtherFromItsLastNote()
    {
        heldFrom = PageSize;
        await BeginAsync(a);
        await UntilAsync(async () => (await b.ListAsync(default)).Single().Progress.Copied == PageSize);
        await b.LookAsync(default);
        (await IsCopying(b, gateways.B)).ShouldBeFalse();

        // Its requests to the source hang, and nobody has heard of it for as long as a lease lasts.
        await gateways.EndLeaseAsync(ImportProgress.SettingName(bucket.Id));
        await UntilAsync(async () =>
        {
            await b.LookAsync(default);
            return await IsCopying(b, gateways.B);
        });
        gate.SetResult();

        await UntilAsync(async () => (await b.ListAsync(default)).Single().Settings.State == ImportState.Copied);
        fetched.Where(one => int.Parse(one.Key[1..], CultureInfo.InvariantCulture) < PageSize).ShouldAllBe(one => one.Value == 1);
        (await gateways.A.Metadata.ListObjectsAsync(new(bucket.Id, "", "", "", KeyCount + 1), default)).Objects.Length.ShouldBe(KeyCount);
    }

    [Fact]
    public async Task Copy_OfAGatewayThatIsStopped_GoesOnAtTheOther()
    {
        heldFrom = PageSize;
        await BeginAsync(a);
        await UntilAsync(async () => (await b.ListAsync(default)).Single().Progress.Copied == PageSize);

        await a.DisposeAsync();
        a = Service(gateways.A);
        b.Resume();

        await UntilAsync(() => IsCopying(b, gateways.B));
        gate.SetResult();
        await UntilAsync(async () => (await b.ListAsync(default)).Single().Settings.State == ImportState.Copied);
        (await gateways.A.Metadata.ListObjectsAsync(new(bucket.Id, "", "", "", KeyCount + 1), default)).Objects.Length.ShouldBe(KeyCount);
    }

    [Fact]
    public async Task Pause_ThroughTheOtherGateway_EndsTheCopyingAndResumeGoesOn()
    {
        heldFrom = 10;
        await BeginAsync(a);
        await UntilAsync(() => IsCopying(a, gateways.A));

        await b.SetStateAsync(bucket, ImportState.Paused, default);
        await a.LookAsync(default);

        (await IsCopying(a, gateways.A)).ShouldBeFalse();
        gate.SetResult();
        await a.LookAsync(default);
        (await a.ListAsync(default)).Single().Settings.State.ShouldBe(ImportState.Paused);
        fetched.Count.ShouldBeLessThan(KeyCount);

        await b.SetStateAsync(bucket, ImportState.Copying, default);
        await UntilAsync(async () => (await a.ListAsync(default)).Single().Settings.State == ImportState.Copied);
        (await gateways.A.Metadata.ListObjectsAsync(new(bucket.Id, "", "", "", KeyCount + 1), default)).Objects.Length.ShouldBe(KeyCount);
    }

    private Task BeginAsync(ImportService service) => service.BeginAsync(bucket, new(ImportState.Copying, "", source.Endpoint, "us-east-1", S3Addressing.Path, "old", "", "", [], 4, 0, default), null, default);

    private static async Task<bool> IsCopying(ImportService service, ObjectSystem system) => service.Find((await system.Metadata.FindBucketAsync("new", default))!) is { IsCopying: true };

    private static ImportService Service(ObjectSystem system) => new(system, allowsLocalEndpoints: true, TimeProvider.System, NullLogger<ImportService>.Instance);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            TimeProvider.System.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromMinutes(5));
            await Task.Delay(20);
        }
    }

    private byte[] Answer(SeenRequest request)
    {
        if (request.Line.Contains("list-type", StringComparison.Ordinal))
        {
            var after = request.Line.Contains("start-after=", StringComparison.Ordinal) ? request.Line.Split("start-after=")[1].Split('&', ' ')[0] : "";
            var contents = Enumerable.Range(0, KeyCount).Select(Key).Where(key => string.CompareOrdinal(key, after) > 0).Select(key => $"<Contents><Key>{key}</Key><Size>4</Size><ETag>{md5}</ETag></Contents>");
            return HostileServer.Answer(200, "", $"<ListBucketResult><IsTruncated>false</IsTruncated>{string.Concat(contents)}</ListBucketResult>");
        }

        var key = request.Line.Split(' ')[1]["/old/".Length..];
        if (request.Line.StartsWith("HEAD", StringComparison.Ordinal)) return HostileServer.Answer(200, $"ETag: \"{md5}\"\r\nContent-Length: 4", "");
        if (int.Parse(key[1..], CultureInfo.InvariantCulture) >= heldFrom) gate.Task.GetAwaiter().GetResult();
        fetched.AddOrUpdate(key, 1, (_, count) => count + 1);
        return HostileServer.Answer(200, $"ETag: \"{md5}\"", "body");
    }

    private static string Key(int number) => string.Create(CultureInfo.InvariantCulture, $"k{number:0000}");
}
