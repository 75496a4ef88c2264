using Oort.Node.Protocol;
using Shouldly;
using Xunit;

namespace Oort.Node.Tests.Caps;

/// <summary>What the owner gives, and no more.</summary>
public sealed class CapTests
{
    [Theory]
    [InlineData("22-07", 22, true)]
    [InlineData("22-07", 6, true)]
    [InlineData("22-07", 7, false)]
    [InlineData("22-07", 21, false)]
    [InlineData("09-17", 9, true)]
    [InlineData("09-17", 17, false)]
    [InlineData("9-24", 23, true)]
    [InlineData("0-1", 0, true)]
    public void Hours_AtAnHour_AreOpenOrNot(string text, int hour, bool isOpen)
    {
        DailyHours.TryParse(text, out var hours).ShouldBeTrue();

        hours.Contains(new DateTimeOffset(2026, 1, 2, hour, 59, 59, TimeSpan.Zero)).ShouldBe(isOpen);
    }

    [Theory]
    [InlineData("")]
    [InlineData("22")]
    [InlineData("22-22")]
    [InlineData("24-1")]
    [InlineData("1-25")]
    [InlineData("-1-2")]
    [InlineData("1-2-3")]
    [InlineData("a-b")]
    public void Hours_OtherText_AreNone(string text) => DailyHours.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public async Task Node_OutsideItsHours_ReadsAndDeletesAndTakesNothing()
    {
        await using var node = await RunningNode.StartAsync();
        await node.SendCheckedAsync("PUT", "/v1/shards/1-1.0", [1]);
        await node.SendCheckedAsync("PUT", "/v1/shards/1-2.0", [1]);
        var hour = node.Time.GetUtcNow().Hour;
        await node.RestartAsync(options => options with { Hours = new DailyHours((hour + 2) % 24, (hour + 4) % 24) });

        foreach (var (method, target) in new[] { ("PUT", "/v1/shards/1-3.0"), ("POST", "/v1/logs/a?offset=0"), ("PUT", "/v1/blobs/a") })
            (await node.SendCheckedAsync(method, target, [1])).Error.ShouldBe("read-only");
        (await node.SendAsync("POST", "/v1/uploads?shard=1-3.0&length=1")).Error.ShouldBe("read-only");
        (await node.SendAsync("GET", "/v1/shards/1-1.0?offset=0&length=1")).Content().ShouldBe([1]);
        (await node.SendAsync("DELETE", "/v1/shards/1-2.0")).Status.ShouldBe(200);
        (await StatusAsync(node)).Refusal.ShouldNotBeNull().ShouldContain("owner");

        node.Time.Advance(TimeSpan.FromHours(3));

        (await node.SendCheckedAsync("PUT", "/v1/shards/1-3.0", [1])).Status.ShouldBe(200);
        (await StatusAsync(node)).Refusal.ShouldBeNull();
    }

    [Fact]
    public async Task Space_UsedUp_IsFullUntilTheFilesAreSmaller()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "volume"), new byte[600], CancellationToken.None);
        var time = new ShiftedTime();
        var cap = new SpaceCap(folder.Path, 1000, time);

        await cap.BeginAsync();

        cap.Limit(new(5000, 4000)).ShouldBe(new(1000, 400));
        cap.Limit(new(5000, 100)).ShouldBe(new(1000, 100));
        cap.Take(400);
        Should.Throw<Backends.BackendException>(() => cap.Take(1)).Kind.ShouldBe(Backends.BackendErrorKind.Full);

        // The files are looked at when that is due, and nobody waits for it.
        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "volume"), [], CancellationToken.None);
        Should.Throw<Backends.BackendException>(() => cap.Take(1));
        time.Advance(TimeSpan.FromSeconds(11));
        Should.Throw<Backends.BackendException>(() => cap.Take(1));
        await cap.Measuring;
        cap.Take(1000);
        Should.Throw<Backends.BackendException>(() => cap.Take(1)).Kind.ShouldBe(Backends.BackendErrorKind.Full);
    }

    [Fact]
    public async Task Caps_SaidOnce_HoldAtTheNextStartsUntilTheyAreSaidOtherwise()
    {
        await using var node = await RunningNode.StartAsync(options => options with { SpaceBytes = 3L << 30, BandwidthBytesPerSecond = 1 << 20, Hours = new DailyHours(0, 23), IdlePriority = false, ScrubBytesPerSecond = 0, ScrubPause = TimeSpan.FromHours(1) });
        (await StatusAsync(node)).CapacityBytes.ShouldBe(3L << 30);

        await node.RestartAsync();
        (await StatusAsync(node)).CapacityBytes.ShouldBe(3L << 30);
        node.Host.Options.BandwidthBytesPerSecond.ShouldBe(1 << 20);
        node.Host.Options.Hours.ShouldBe(new DailyHours(0, 23));
        (node.Host.Options.ScrubBytesPerSecond, node.Host.Options.ScrubPause).ShouldBe((0, TimeSpan.FromHours(1)));

        await node.RestartAsync(options => options with { SpaceBytes = 0, Hours = DailyHours.All, ScrubBytesPerSecond = 1 << 20 });
        await node.RestartAsync();
        (await StatusAsync(node)).CapacityBytes.ShouldNotBe(3L << 30);
        node.Host.Options.SpaceBytes.ShouldBeNull();
        node.Host.Options.Hours.ShouldBeNull();
        (node.Host.Options.ScrubBytesPerSecond, node.Host.Options.ScrubPause).ShouldBe((1 << 20, TimeSpan.FromHours(1)));
        node.Host.Options.BandwidthBytesPerSecond.ShouldBe(1 << 20);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}}")]
    [InlineData("{\"version\":2}")]
    [InlineData("{\"version\":1,\"spaceBytes\":1}")]
    [InlineData("{\"version\":1,\"bandwidthBytesPerSecond\":-1}")]
    [InlineData("{\"version\":1,\"hours\":\"25-1\"}")]
    [InlineData("{\"version\":1,\"scrubBytesPerSecond\":-1}")]
    [InlineData("{\"version\":1,\"scrubPauseSeconds\":0}")]
    public async Task Caps_FileThatCannotBeRead_IsRefused(string content)
    {
        await using var node = await RunningNode.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(node.Folder, NodeDirectory.CapsFile), content, CancellationToken.None);

        (await Should.ThrowAsync<NodeStartException>(() => node.RestartAsync())).Message.ShouldContain(NodeDirectory.CapsFile);
    }

    [Fact]
    public async Task Bandwidth_UsedUp_SendsAwayWhoWouldWaitTooLong()
    {
        var time = new ShiftedTime();
        var cap = new BandwidthCap(1000, time);

        await cap.PassAsync(20_000, CancellationToken.None);

        Should.Throw<NodeRequestException>(cap.ThrowIfBusy).Code.ShouldBe(NodeErrorCode.Throttled);
        var next = cap.PassAsync(1, CancellationToken.None).AsTask();
        next.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(21));
        cap.ThrowIfBusy();
        cap.PassAsync(1, CancellationToken.None).AsTask().IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void Bandwidth_WithoutACap_NeverWaits()
    {
        var cap = new BandwidthCap(null, TimeProvider.System);

        cap.PassAsync(int.MaxValue, CancellationToken.None).AsTask().IsCompleted.ShouldBeTrue();

        cap.PassAsync(int.MaxValue, CancellationToken.None).AsTask().IsCompleted.ShouldBeTrue();
        cap.ThrowIfBusy();
    }

    [Fact]
    public async Task Uploads_NotTouchedForTooLong_AreGivenUp()
    {
        var time = new ShiftedTime();
        using var folder = new TemporaryFolder();
        await Backends.Local.LocalStore.InitialiseAsync(folder.Path, new(5), new(77), time, CancellationToken.None);
        await using var store = await Backends.Local.LocalStore.OpenAsync(folder.Path, new(77), new() { HeadroomBytes = 0 }, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, CancellationToken.None);
        await using var uploads = new UploadTable(TimeSpan.FromMinutes(10), time);
        var old = await uploads.BeginAsync(store, new(new(1, 1), 0), 10, wantsReceipt: false, CancellationToken.None);
        var touched = await uploads.BeginAsync(store, new(new(1, 2), 0), 10, wantsReceipt: false, CancellationToken.None);
        time.Advance(TimeSpan.FromMinutes(6));
        (await uploads.EnterAsync(touched, CancellationToken.None)).Dispose();
        time.Advance(TimeSpan.FromMinutes(6));

        await uploads.ExpireAsync();

        (await Should.ThrowAsync<NodeRequestException>(() => uploads.EnterAsync(old, CancellationToken.None))).Code.ShouldBe(NodeErrorCode.UnknownUpload);
        (await uploads.EnterAsync(touched, CancellationToken.None)).Dispose();
    }

    [Fact]
    public async Task Uploads_TooMany_AreSentAway()
    {
        await using var node = await RunningNode.StartAsync();
        for (var i = 0; i < UploadTable.CountMax; i++)
            (await node.SendAsync("POST", $"/v1/uploads?shard=1-{i:x}.0&length=10")).Status.ShouldBe(200);

        (await node.SendAsync("POST", "/v1/uploads?shard=2-1.0&length=10")).Error.ShouldBe("throttled");
    }

    private static async Task<NodeStatus> StatusAsync(RunningNode node) =>
        NodeStatus.TryRead((await node.SendAsync("GET", "/v1/status")).Body, out var status) ? status : throw new InvalidDataException("no status");
}
