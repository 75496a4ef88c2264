using Oort.Backends.Node;
using Oort.Backends.Suite;
using Oort.Node.Protocol;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Node;

/// <summary>The gateway's side against a real node: who is who, whose disk it is, proofs, crowds.</summary>
public sealed class NodeStoreTests : IAsyncLifetime
{
    private TestNode _node = null!;

    private static CancellationToken None => CancellationToken.None;

    public async ValueTask InitializeAsync() => _node = await TestNode.StartAsync();

    public async ValueTask DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Find_BlankThenCreated_SaysWhatIsThere()
    {
        var blank = await NodeStore.FindAsync(_node.Address, _node.Gateway, TestNode.ClientOptions, None);
        (blank.Node, blank.Store, blank.Generation).ShouldBe((_node.Host.Id.ToString(), null, 0));
        (await FailureAsync(() => _node.OpenStoreAsync())).ShouldBe(BackendErrorKind.Permanent);

        await using var store = await _node.CreateStoreAsync();

        await using var again = await _node.CreateStoreAsync();
        again.Id.ShouldBe(store.Id);
        var found = await NodeStore.FindAsync(_node.Address, _node.Gateway, TestNode.ClientOptions, None);
        (found.Store, found.Cluster, found.Generation).ShouldBe((store.Id.ToString(), TestNode.Cluster.ToString(), 1));
        NodeAddress.TryParse(store.Location, out var location).ShouldBeTrue();
        location.ShouldBe(_node.Address);
    }

    [Fact]
    public async Task Open_OfAStranger_IsUnauthorized()
    {
        using var stranger = NodeIdentity.Create();

        (await FailureAsync(() => NodeStore.FindAsync(_node.Address, stranger, TestNode.ClientOptions, None))).ShouldBe(BackendErrorKind.Unauthorized);
        (await FailureAsync(() => NodeStore.CreateAsync(_node.Address, stranger, TestNode.Cluster, TestNode.ClientOptions, None))).ShouldBe(BackendErrorKind.Unauthorized);

        (await NodeStore.FindAsync(_node.Address, _node.Gateway, TestNode.ClientOptions, None)).Store.ShouldBeNull();
    }

    [Fact]
    public async Task Open_ForAnotherCluster_IsPermanent()
    {
        await using var store = await _node.CreateStoreAsync();

        (await FailureAsync(() => NodeStore.OpenAsync(_node.Address, _node.Gateway, new ClusterId(1), TestNode.ClientOptions, None))).ShouldBe(BackendErrorKind.Permanent);
        (await FailureAsync(() => NodeStore.CreateAsync(_node.Address, _node.Gateway, new ClusterId(1), TestNode.ClientOptions, None))).ShouldBe(BackendErrorKind.Permanent);
    }

    [Fact]
    public async Task Calls_AfterTheDiskWasEmptied_ArePermanent()
    {
        await using var store = await _node.CreateStoreAsync();
        await store.PutAsync(TestBytes.Shard(1), new byte[10], None);
        await _node.Host.DisposeAsync();
        Directory.Delete(Path.Combine(_node.Folder, "store"), recursive: true);
        await _node.StartHostAsync();

        (await FailureAsync(async () => await store.ProbeAsync(None))).ShouldBe(BackendErrorKind.Permanent);
        (await FailureAsync(async () => await store.PutAsync(TestBytes.Shard(2), new byte[10], None))).ShouldBe(BackendErrorKind.Permanent);
        (await FailureAsync(async () => await store.StatAsync(TestBytes.Shard(1), None))).ShouldBe(BackendErrorKind.Permanent);

        // Also when a new store has been made there: it is not the one that was meant.
        await using var next = await _node.CreateStoreAsync();
        next.Id.ShouldNotBe(store.Id);
        (await FailureAsync(async () => await store.PutAsync(TestBytes.Shard(2), new byte[10], None))).ShouldBe(BackendErrorKind.Permanent);
        (await next.StatAsync(TestBytes.Shard(2), None)).ShouldBeNull();
    }

    [Fact]
    public async Task Calls_AfterARestart_GoOn()
    {
        await using var store = await _node.CreateStoreAsync();
        await store.PutAsync(TestBytes.Shard(1), TestBytes.Make(1000, 1), None);
        await _node.StartHostAsync();

        var read = new byte[1000];
        (await store.ReadAsync(TestBytes.Shard(1), 0, read, None)).ShouldBe(1000);

        read.ShouldBe(TestBytes.Make(1000, 1));
        await store.PutBlobAsync("a", read, None);
    }

    [Fact]
    public async Task Write_WhoseUploadIsGone_IsTransientAndLeavesNothing()
    {
        await using var store = await _node.CreateStoreAsync();
        await using var writer = await store.BeginAsync(TestBytes.Shard(1), 2_000_000, None);
        await writer.WriteAsync(new byte[1_000_000], None);
        await _node.StartHostAsync();

        (await FailureAsync(async () => await writer.WriteAsync(new byte[1_000_000], None))).ShouldBe(BackendErrorKind.Transient);

        await Should.ThrowAsync<InvalidOperationException>(async () => await writer.CommitAsync(None));
        (await store.StatAsync(TestBytes.Shard(1), None)).ShouldBeNull();
    }

    [Fact]
    public async Task Challenge_OfAStoredShard_OpensItsLeaves()
    {
        await using var store = await _node.CreateStoreAsync();
        var content = TestBytes.Make(900_001, 1);
        await store.PutAsync(TestBytes.Shard(1, 3), content, None);
        var tree = new MerkleTree();
        tree.Append(content);

        var answer = await store.ChallengeAsync(new(new(1, 1, 3), TestBytes.Make(32, 2), [0, 400, 878]), None);
        var receipt = await store.GetReceiptAsync(TestBytes.Shard(1, 3), None);

        answer.Root.ToArray().ShouldBe(tree.Root());
        receipt.Root.ToArray().ShouldBe(tree.Root());
        answer.Leaves[1].Content.ToArray().ShouldBe(content[(400 * 1024)..(401 * 1024)]);
        answer.Leaves[2].Content.ToArray().ShouldBe(content[(878 * 1024)..]);
        (await FailureAsync(() => store.ChallengeAsync(new(new(1, 1, 3), new byte[32], [879]), None))).ShouldBe(BackendErrorKind.Permanent);
        (await FailureAsync(() => store.ChallengeAsync(new(new(1, 1, 4), new byte[32], [0]), None))).ShouldBe(BackendErrorKind.NotFound);
    }

    [Fact]
    public async Task Challenge_OfADamagedShard_LeadsToAnotherRoot()
    {
        await using var store = await _node.CreateStoreAsync();
        var content = TestBytes.Make(900_000, 1);
        await store.PutAsync(TestBytes.Shard(1), content, None);
        await _node.Host.DisposeAsync();
        var volume = Directory.GetFiles(Path.Combine(_node.Folder, "store", "volumes")).Single();
        var bytes = await File.ReadAllBytesAsync(volume);
        bytes[bytes.AsSpan().IndexOf(content.AsSpan(5000, 100))] ^= 1;
        await File.WriteAllBytesAsync(volume, bytes);
        await _node.StartHostAsync();
        var tree = new MerkleTree();
        tree.Append(content);

        var answer = await store.ChallengeAsync(new(new(1, 1, 0), new byte[32], [0]), None);

        answer.Root.ToArray().ShouldNotBe(tree.Root());
    }

    [Fact]
    public async Task Puts_OfACrowd_AllTakeEffect()
    {
        await using var store = await _node.CreateStoreAsync();

        await Task.WhenAll(Enumerable.Range(0, 3000).Select(i => store.PutAsync(TestBytes.Shard((ulong)i), TestBytes.Make(i % 700, i), None).AsTask()));

        var found = await store.ListAsync(None).ToListAsync();
        found.Count.ShouldBe(3000);
        found.ShouldAllBe(shard => shard.Length == (int)shard.Id.Segment.Counter % 700);
        for (var i = 0; i < 3000; i += 97)
        {
            var read = new byte[i % 700];
            await store.ReadAsync(TestBytes.Shard((ulong)i), 0, read, None);
            read.ShouldBe(TestBytes.Make(i % 700, i));
        }
    }

    [Fact]
    public async Task Blob_ChangedFromTwoSides_EndsWithOneOfThem()
    {
        await using var one = await _node.CreateStoreAsync();
        await using var other = await _node.OpenStoreAsync();

        await Task.WhenAll(Enumerable.Range(1, 10).Select(i => (i % 2 == 0 ? one : other).PutBlobAsync("a", TestBytes.Make(100, i), None).AsTask()));

        var found = await one.GetBlobAsync("a", None);
        Enumerable.Range(1, 10).Any(i => TestBytes.Make(100, i).AsSpan().SequenceEqual(found)).ShouldBeTrue();
    }

    [Theory]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef@node.example:9100", true)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef@[::1]:9100", true)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef@10.0.0.1:1", true)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef@::1:9100", false)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef@node:0", false)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef@node:65536", false)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef@:9100", false)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef@no de:9100", false)]
    [InlineData("0123456789abcdef@node:9100", false)]
    [InlineData("node:9100", false)]
    public void Address_Text_IsOneOrNone(string text, bool isAddress)
    {
        NodeAddress.TryParse(text, out var address).ShouldBe(isAddress);
        if (isAddress) address!.ToString().ShouldBe(text);
    }

    private static async Task<BackendErrorKind> FailureAsync(Func<Task> call) => (await Should.ThrowAsync<BackendException>(call)).Kind;
}
