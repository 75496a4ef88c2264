using Oort.Backends.Node;
using Oort.Backends.Suite;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Node;

/// <summary>A connection that is cut after any count of bytes, either way: the call takes effect once, whole, or says that it did not.</summary>
public sealed class BrokenConnectionTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private BreakingProxy _proxy = null!;
    private NodeAddress _address = null!;

    private static CancellationToken None => CancellationToken.None;

    public async ValueTask InitializeAsync()
    {
        _node = await TestNode.StartAsync();
        await (await _node.CreateStoreAsync()).DisposeAsync();
        _proxy = new BreakingProxy(_node.Address.Port);
        _address = _node.Address with { Port = _proxy.Port };
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _node.DisposeAsync();
    }

    public static TheoryData<string> Changes => ["put", "long put", "pieces", "append", "cutting append", "blob", "delete", "delete blob", "delete log"];

    /// <summary>Measures what a change sends and receives, then cuts it at places all over both.</summary>
    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Change_CutAnywhere_IsDoneOnceAndWhole(string what)
    {
        long upstream, downstream;
        await using (var whole = await OpenAsync())
        {
            await PrepareAsync(what, 0);
            await ChangeAsync(whole, what, 0);
            await ShouldBeDoneAsync(what, 0);
        }

        (upstream, downstream) = await PassedAsync();
        const int cuts = 8;
        for (var i = 1; i <= 2 * cuts; i++)
        {
            // Opening has a connection too: the cut falls on it, or on what the change does behind it.
            await PrepareAsync(what, i);
            _proxy.CutNextAfter(i <= cuts ? upstream * i / cuts : long.MaxValue, i > cuts ? downstream * (i - cuts) / cuts : long.MaxValue);
            await using var store = await OpenAsync();
            await ChangeAsync(store, what, i);
            await ShouldBeDoneAsync(what, i);
        }
    }

    [Fact]
    public async Task Read_CutAnywhere_IsRight()
    {
        var content = TestBytes.Make(500_000, 1);
        await using (var direct = await _node.OpenStoreAsync()) await direct.PutAsync(TestBytes.Shard(1), content, None);
        for (var cut = 1000L; cut < 520_000; cut += 61_000)
        {
            _proxy.CutNextAfter(long.MaxValue, cut);
            await using var store = await OpenAsync();
            var read = new byte[content.Length];
            (await store.ReadAsync(TestBytes.Shard(1), 0, read, None)).ShouldBe(content.Length);
            read.ShouldHold(content);
        }
    }

    [Fact]
    public async Task Call_NodeNotThere_IsTransient()
    {
        await using var store = await OpenAsync();
        await _node.Host.DisposeAsync();

        (await Should.ThrowAsync<BackendException>(async () => await store.PutAsync(TestBytes.Shard(1), new byte[10], None))).Kind.ShouldBe(BackendErrorKind.Transient);
        (await Should.ThrowAsync<BackendException>(async () => await store.ProbeAsync(None))).Kind.ShouldBe(BackendErrorKind.Transient);
    }

    private Task<NodeStore> OpenAsync() => NodeStore.OpenAsync(_address, _node.Gateway, TestNode.Cluster, TestNode.ClientOptions, None);

    private async Task<(long, long)> PassedAsync()
    {
        // The store is closed; its connection ends with it.
        while (_proxy.Passed == default) await Task.Yield();
        return _proxy.Passed;
    }

    private async Task PrepareAsync(string what, int i)
    {
        await using var direct = await _node.OpenStoreAsync();
        var (id, name) = (TestBytes.Shard((ulong)i), $"name-{i}");
        if (what == "delete") await direct.PutAsync(id, new byte[100], None);
        if (what == "delete blob") await direct.PutBlobAsync(name, new byte[100], None);
        if (what is "cutting append" or "delete log") await direct.AppendLogAsync(name, 0, new byte[100], None);
    }

    private static async Task ChangeAsync(NodeStore store, string what, int i)
    {
        var (id, name) = (TestBytes.Shard((ulong)i), $"name-{i}");
        switch (what)
        {
            case "put":
                await store.PutAsync(id, TestBytes.Make(60_000, i), None);
                break;
            case "long put":
                await store.PutAsync(id, TestBytes.Make(700_000, i), None);
                break;
            case "pieces":
                await using (var writer = await store.BeginAsync(id, 900_000, None))
                {
                    for (var at = 0; at < 900_000; at += 300_000) await writer.WriteAsync(TestBytes.Make(900_000, i).AsMemory(at, 300_000), None);
                    await writer.CommitAsync(None);
                }

                break;
            case "append":
                await store.AppendLogAsync(name, 0, TestBytes.Make(1000, i), None);
                await store.AppendLogAsync(name, 1000, TestBytes.Make(500, i), None);
                break;
            case "cutting append":
                await store.AppendLogAsync(name, 50, TestBytes.Make(1000, i), None);
                break;
            case "blob":
                await store.PutBlobAsync(name, TestBytes.Make(1000, i), None);
                await store.PutBlobAsync(name, TestBytes.Make(2000, i), None);
                break;
            case "delete":
                (await store.DeleteAsync(id, None)).ShouldBe(DeleteOutcome.Deleted);
                break;
            case "delete blob":
                await store.DeleteBlobAsync(name, None);
                break;
            case "delete log":
                await store.DeleteLogAsync(name, None);
                break;
        }
    }

    private async Task ShouldBeDoneAsync(string what, int i)
    {
        await using var direct = await _node.OpenStoreAsync();
        var (id, name) = (TestBytes.Shard((ulong)i), $"name-{i}");
        switch (what)
        {
            case "put" or "long put" or "pieces":
                var expected = TestBytes.Make(what == "put" ? 60_000 : what == "pieces" ? 900_000 : 700_000, i);
                (await direct.StatAsync(id, None)).ShouldBe(expected.Length);
                var read = new byte[expected.Length];
                await direct.ReadAsync(id, 0, read, None);
                read.ShouldHold(expected);
                break;
            case "append":
                (await ReadLogAsync(direct, name)).ShouldHold([.. TestBytes.Make(1000, i), .. TestBytes.Make(500, i)]);
                break;
            case "cutting append":
                (await ReadLogAsync(direct, name)).ShouldHold([.. new byte[50], .. TestBytes.Make(1000, i)]);
                break;
            case "blob":
                (await direct.GetBlobAsync(name, None)).ShouldHold(TestBytes.Make(2000, i));
                break;
            case "delete":
                (await direct.StatAsync(id, None)).ShouldBeNull();
                break;
            case "delete blob":
                (await direct.GetBlobAsync(name, None)).ShouldBeNull();
                break;
            default:
                (await direct.ListLogsAsync("", None).ToListAsync()).ShouldNotContain(name);
                break;
        }
    }

    private static async Task<byte[]> ReadLogAsync(NodeStore store, string name)
    {
        var bytes = new byte[await store.LogLengthAsync(name, None)];
        await store.ReadLogAsync(name, 0, bytes, None);
        return bytes;
    }
}
