using Oort.Backends;
using Oort.Objects.Budget;
using Oort.Objects.Reading;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reading;

public sealed class SharedReadsTests
{
    private static readonly StripeRange Range = new(new SegmentId(1, 1), 0, 0, 4096);
    private readonly BufferPool pool = new(new MemoryBudget(1024 * 1024, TimeProvider.System));
    private readonly SharedReads<StripeRange> reads = new();
    private readonly TaskCompletionSource store = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int readCount;
    private bool wasJoined;

    [Fact]
    public async Task Read_ManyAtOnce_ShareOneReadAndItsBuffer()
    {
        var readers = Enumerable.Range(0, 10).Select(_ => ReadAsync()).ToArray();
        store.SetResult();
        var all = await Task.WhenAll(readers);
        (readCount, wasJoined, reads.JoinedCount, pool.Budget.Used).ShouldBe((1, true, 9, 4096));
        foreach (var bytes in all[1..]) bytes.Dispose();
        all[0].Payload.Span[0].ShouldBe((byte)1);
        pool.Budget.Used.ShouldBe(4096);
        all[0].Dispose();
        pool.Budget.Used.ShouldBe(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Read_OneIsCancelled_TheOtherGetsTheBytes(int cancelled)
    {
        using var cancellation = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 2).Select(i => ReadAsync(cancellationToken: i == cancelled ? cancellation.Token : default)).ToArray();
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => readers[cancelled]);
        store.SetResult();
        (await readers[1 - cancelled]).Dispose();
        (readCount, pool.Budget.Used).ShouldBe((1, 0));
    }

    [Fact]
    public async Task Read_AllAreCancelled_IsGivenUpAndTheNextReadsAnew()
    {
        using var cancellation = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 3).Select(_ => ReadAsync(cancellationToken: cancellation.Token)).ToArray();
        await cancellation.CancelAsync();
        foreach (var reader in readers) await Should.ThrowAsync<OperationCanceledException>(() => reader);
        while (pool.Budget.Used != 0) await Task.Delay(1);
        store.SetResult();
        (await ReadAsync()).Dispose();
        readCount.ShouldBe(2);
    }

    [Fact]
    public async Task Read_Fails_IsToldToAll()
    {
        var readers = Enumerable.Range(0, 3).Select(_ => ReadAsync()).ToArray();
        store.SetException(new ObjectUnavailableException("gone"));
        foreach (var reader in readers) (await Should.ThrowAsync<ObjectUnavailableException>(() => reader)).Message.ShouldBe("gone");
        (readCount, pool.Budget.Used).ShouldBe((1, 0));
        reads.TryJoin(Range, TimeSpan.Zero, CancellationToken.None).ShouldBeNull();
    }

    [Fact]
    public async Task Read_OtherIsLessPatient_IsNotJoined()
    {
        var ahead = ReadAsync(TimeSpan.Zero);
        var patient = ReadAsync();
        var another = ReadAsync();
        readCount.ShouldBe(2);
        store.SetResult();
        foreach (var bytes in await Task.WhenAll(ahead, patient, another)) bytes.Dispose();
        pool.Budget.Used.ShouldBe(0);
        reads.TryJoin(Range, TimeSpan.Zero, CancellationToken.None).ShouldBeNull();
    }

    private Task<StripeBytes> ReadAsync(TimeSpan? wait = null, CancellationToken cancellationToken = default) =>
        reads.ReadAsync(Range, wait ?? TimeSpan.FromSeconds(1), async stop =>
        {
            readCount++;
            var buffer = await pool.RentAsync(4096, TimeSpan.Zero, stop);
            try
            {
                await store.Task.WaitAsync(stop);
                buffer.Span.Fill(1);
                return StripeBytes.Of(buffer);
            }
            catch
            {
                buffer.Dispose();
                throw;
            }
        }, (_, isJoined) => wasJoined = isJoined, cancellationToken);
}
