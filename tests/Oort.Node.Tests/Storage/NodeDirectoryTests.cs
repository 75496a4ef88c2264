using System.Net;
using Oort.Backends.Local;
using Shouldly;
using Xunit;

namespace Oort.Node.Tests.Storage;

/// <summary>Which directories a node starts on (docs/formats/node-files.md §3).</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class NodeDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_EmptyDirectory_MakesAKeyThatStays()
    {
        string id;
        using (var first = NodeDirectory.Open(_folder.Path))
        {
            first.IsNew.ShouldBeTrue();
            id = first.Identity.Id.ToString();
        }

        using var again = NodeDirectory.Open(_folder.Path);

        again.IsNew.ShouldBeFalse();
        again.Identity.Id.ToString().ShouldBe(id);
        File.GetUnixFileMode(Path.Combine(_folder.Path, NodeDirectory.KeyFile)).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void Open_WhileAnotherHasIt_IsRefused()
    {
        using var first = NodeDirectory.Open(_folder.Path);

        Should.Throw<NodeStartException>(() => NodeDirectory.Open(_folder.Path)).Message.ShouldContain("in use");
    }

    [Fact]
    public async Task Open_DirectoryOfSomethingElse_IsRefusedAndUntouched()
    {
        await LocalStore.InitialiseAsync(_folder.Path, new(5), new(77), TimeProvider.System, CancellationToken.None);
        var before = Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories).Order();

        Should.Throw<NodeStartException>(() => NodeDirectory.Open(_folder.Path)).Message.ShouldContain("something else");

        Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories).Order().ShouldBe(before);
    }

    [Fact]
    public void Open_WithoutItsKey_IsRefused()
    {
        using (var first = NodeDirectory.Open(_folder.Path)) first.BeginStore(new(1), new(2));
        File.Delete(Path.Combine(_folder.Path, NodeDirectory.KeyFile));

        Should.Throw<NodeStartException>(() => NodeDirectory.Open(_folder.Path)).Message.ShouldContain("half of a node");

        File.Exists(Path.Combine(_folder.Path, NodeDirectory.KeyFile)).ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"version\":2,\"generation\":0,\"gateways\":[]}")]
    [InlineData("{\"version\":1,\"generation\":-1,\"gateways\":[]}")]
    [InlineData("{\"version\":1,\"generation\":1,\"gateways\":[]}")]
    [InlineData("{\"version\":1,\"generation\":0,\"gateways\":[\"ab\"]}")]
    public void Open_DamagedState_IsRefused(string json)
    {
        NodeDirectory.Open(_folder.Path).Dispose();
        File.WriteAllText(Path.Combine(_folder.Path, NodeDirectory.StateFile), json);

        Should.Throw<NodeStartException>(() => NodeDirectory.Open(_folder.Path)).Message.ShouldContain("damaged");
    }

    [Fact]
    public void Open_KeyOfEverybodyOrNone_IsRefused()
    {
        NodeDirectory.Open(_folder.Path).Dispose();
        var path = Path.Combine(_folder.Path, NodeDirectory.KeyFile);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Should.Throw<NodeStartException>(() => NodeDirectory.Open(_folder.Path)).Message.ShouldContain("chmod 600");

        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(path, [1, 2, 3]);
        Should.Throw<NodeStartException>(() => NodeDirectory.Open(_folder.Path)).Message.ShouldContain("not a node's key");
    }

    [Fact]
    public async Task Start_WithAnotherNodesDisk_IsRefused()
    {
        await using var one = await RunningNode.StartAsync();
        await using var other = await RunningNode.StartAsync();
        await one.Host.DisposeAsync();
        await other.Host.DisposeAsync();
        Directory.Delete(Path.Combine(one.Folder, "store"), recursive: true);
        Directory.Move(Path.Combine(other.Folder, "store"), Path.Combine(one.Folder, "store"));

        var refusal = await Should.ThrowAsync<NodeStartException>(() => NodeHost.StartAsync(Options(one.Folder), TimeProvider.System, CancellationToken.None));

        refusal.Message.ShouldContain("another disk");
    }

    [Fact]
    public async Task Start_WithAStoreItNeverBegan_IsRefused()
    {
        NodeDirectory.Open(_folder.Path).Dispose();
        await LocalStore.InitialiseAsync(Path.Combine(_folder.Path, "store"), new(5), new(77), TimeProvider.System, CancellationToken.None);

        var refusal = await Should.ThrowAsync<NodeStartException>(() => NodeHost.StartAsync(Options(_folder.Path), TimeProvider.System, CancellationToken.None));

        refusal.Message.ShouldContain("has not begun");
    }

    [Fact]
    public async Task Start_WithAnEmptiedDisk_SaysNoStoreAndCountsTheNext()
    {
        await using var node = await RunningNode.StartAsync();
        var before = node.Store;
        await node.Host.DisposeAsync();
        Directory.Delete(Path.Combine(node.Folder, "store"), recursive: true);
        await node.RestartAsync();

        (await node.SendCheckedAsync("PUT", "/v1/shards/1-1.0", [1])).Error.ShouldBe("no-store");
        (await node.SendAsync("GET", "/v1/shards")).Error.ShouldBe("no-store");

        Protocol.NodeStatus.TryRead((await node.SendAsync("PUT", $"/v1/store?cluster={RunningNode.Cluster}")).Body, out var status).ShouldBeTrue();
        status.Generation.ShouldBe(2);
        status.Store.ShouldNotBe(before);
        (await node.SendCheckedAsync("PUT", "/v1/shards/1-1.0", [1])).Error.ShouldBe("other-store");
    }

    [Fact]
    public async Task Start_OnATakenPort_IsRefusedAndLetsTheDirectoryGo()
    {
        await using var node = await RunningNode.StartAsync();

        var refusal = await Should.ThrowAsync<NodeStartException>(() => NodeHost.StartAsync(Options(_folder.Path) with { Listen = node.Host.EndPoint }, TimeProvider.System, CancellationToken.None));

        refusal.Message.ShouldContain("cannot be listened on");
        NodeDirectory.Open(_folder.Path).Dispose();
    }

    private static NodeOptions Options(string folder) => new() { DataDirectory = folder, Listen = new IPEndPoint(IPAddress.Loopback, 0) };
}
