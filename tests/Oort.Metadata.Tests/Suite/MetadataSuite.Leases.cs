namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    private static readonly TimeSpan ever = TimeSpan.FromHours(1);

    [Fact]
    public async Task Lease_HeldByAnother_IsNotGivenUntilItIsReleased()
    {
        var first = (await Store.TryTakeLeaseAsync("collector", "a", ever, default)).ShouldNotBeNull();
        (await Store.TryTakeLeaseAsync("collector", "b", ever, default)).ShouldBeNull();
        (await Store.TryTakeLeaseAsync("repair", "b", ever, default)).ShouldNotBeNull();
        (await Store.RenewLeaseAsync(first, ever, default)).ShouldBeTrue();
        await Store.ReleaseLeaseAsync(first, default);
        var second = (await Store.TryTakeLeaseAsync("collector", "b", ever, default)).ShouldNotBeNull();
        second.Token.ShouldBeGreaterThan(first.Token);
        (await Store.RenewLeaseAsync(first, ever, default)).ShouldBeFalse();
        await Store.ReleaseLeaseAsync(first, default);
        (await Store.TryTakeLeaseAsync("collector", "a", ever, default)).ShouldBeNull("What is another's cannot be released.");
    }

    [Fact]
    public async Task Lease_RunOut_IsGivenToAnotherWithAGreaterToken()
    {
        var first = (await Store.TryTakeLeaseAsync("collector", "a", TimeSpan.Zero, default)).ShouldNotBeNull();
        var second = (await Store.TryTakeLeaseAsync("collector", "b", ever, default)).ShouldNotBeNull();
        second.Token.ShouldBeGreaterThan(first.Token);
        (await Store.RenewLeaseAsync(first, ever, default)).ShouldBeFalse();
        (await Store.RenewLeaseAsync(second, ever, default)).ShouldBeTrue();
    }

    [Fact]
    public async Task Lease_TakenAnewByItsHolder_FencesItsOlderSelf()
    {
        var first = (await Store.TryTakeLeaseAsync("collector", "a", ever, default)).ShouldNotBeNull();
        var second = (await Store.TryTakeLeaseAsync("collector", "a", ever, default)).ShouldNotBeNull();
        second.Token.ShouldBeGreaterThan(first.Token);
        (await Store.RenewLeaseAsync(first, ever, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task Lease_ManyAtOnce_GoesToOne()
    {
        var taken = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Store.TryTakeLeaseAsync("collector", "holder" + i, ever, default).AsTask()));
        taken.OfType<Lease>().ShouldHaveSingleItem();
    }
}
