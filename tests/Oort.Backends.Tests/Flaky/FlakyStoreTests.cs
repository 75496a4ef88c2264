using Oort.Backends.Memory;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Flaky;

public sealed class FlakyStoreTests : IAsyncDisposable
{
    private readonly FlakyStore _store = new(new MemoryStore(new StoreId(1)));

    private static CancellationToken None => CancellationToken.None;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Inject_SkipAndTimes_CountsDown()
    {
        _store.Inject(StoreOperations.Put, kind: BackendErrorKind.Throttled, skip: 1, times: 2);

        await PutAsync(1);
        (await Should.ThrowAsync<BackendException>(() => PutAsync(2))).Kind.ShouldBe(BackendErrorKind.Throttled);
        await Should.ThrowAsync<BackendException>(() => PutAsync(3));
        await PutAsync(4);

        (await _store.Inner.StatAsync(TestBytes.Shard(2), None)).ShouldBeNull();
        _store.Count(StoreOperations.Put).ShouldBe(4);
    }

    [Fact]
    public async Task Inject_LostAnswerAndPretendedWork_DifferInWhatIsThere()
    {
        _store.Inject(StoreOperations.Put, FaultMode.FailAfterDoing);
        await Should.ThrowAsync<BackendException>(() => PutAsync(1));
        _store.Inject(StoreOperations.Put, FaultMode.PretendDone);
        await PutAsync(2);

        (await _store.StatAsync(TestBytes.Shard(1), None)).ShouldBe(8);
        (await _store.StatAsync(TestBytes.Shard(2), None)).ShouldBeNull();
    }

    [Fact]
    public async Task Hold_Released_LetsCallsGoOn()
    {
        var gate = _store.Hold(StoreOperations.Put);
        var put = PutAsync(1);
        put.IsCompleted.ShouldBeFalse();
        (await _store.StatAsync(TestBytes.Shard(1), None)).ShouldBeNull();

        gate.SetResult();
        await put;

        (await _store.StatAsync(TestBytes.Shard(1), None)).ShouldBe(8);
    }

    [Fact]
    public async Task Offline_RefusesEverythingUntilHealed()
    {
        await PutAsync(1);
        _store.Offline = true;
        (await Should.ThrowAsync<BackendException>(async () => await _store.StatAsync(TestBytes.Shard(1), None))).Kind.ShouldBe(BackendErrorKind.Permanent);
        await Should.ThrowAsync<BackendException>(async () => await _store.GetBlobAsync("a", None));

        _store.Heal();

        (await _store.StatAsync(TestBytes.Shard(1), None)).ShouldBe(8);
    }

    [Fact]
    public async Task Read_FlippedAndShort_AreAsInjected()
    {
        await PutAsync(1);
        var read = new byte[8];
        _store.Inject(StoreOperations.Read, FaultMode.FlipBit);
        await _store.ReadAsync(TestBytes.Shard(1), 0, read, None);
        read[0].ShouldBe((byte)(TestBytes.Make(8, 1)[0] ^ 1));
        _store.Inject(StoreOperations.Read, FaultMode.ShortRead);
        (await _store.ReadAsync(TestBytes.Shard(1), 0, read, None)).ShouldBe(4);
    }

    private Task PutAsync(int i) => _store.PutAsync(TestBytes.Shard((ulong)i), TestBytes.Make(8, i), None).AsTask();
}
