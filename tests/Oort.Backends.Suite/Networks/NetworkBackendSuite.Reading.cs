using Shouldly;
using Xunit;

namespace Oort.Backends.Suite;

public abstract partial class NetworkBackendSuite
{
    [Fact]
    public async Task Read_Ranges_AreRightAtTheirEdges()
    {
        foreach (var length in Harness.Lengths)
        {
            var driver = New(length);
            await driver.RunAsync(ItemState.Sealed);
            foreach (var offset in (int[])[0, 1, length / 2, length - 1])
            {
                foreach (var count in (int[])[1, 2, length - offset - 1, length - offset, length - offset + 1, length + 100])
                {
                    if (offset < 0 || offset >= length || count < 1) continue;
                    (await driver.ReadAsync(offset, count)).ShouldHold(driver.Content[offset..Math.Min(length, offset + count)]);
                }
            }
        }
    }

    [Fact]
    public async Task Read_AtTheEndOrBehindIt_GivesNothing()
    {
        var driver = await SealedAsync();
        (await driver.ReadAsync(Length, 10)).ShouldBeEmpty();
        (await driver.ReadAsync(Length + 1_000_000, 10)).ShouldBeEmpty();
        (await driver.ReadAsync(5, 0)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Read_OfWhatWasLost_IsNotFound()
    {
        var (driver, other) = (await SealedAsync(), await SealedAsync());
        await Harness.LoseAsync(driver.Item);
        (await Should.ThrowAsync<BackendException>(() => driver.ReadAsync())).Kind.ShouldBe(BackendErrorKind.NotFound);
        (await Should.ThrowAsync<BackendException>(() => driver.ReadAsync(10, 10))).Kind.ShouldBe(BackendErrorKind.NotFound);
        (await other.ReadAsync()).ShouldHold(other.Content);
    }

    [Theory]
    [InlineData(PeerFault.WrongBytes)]
    [InlineData(PeerFault.ShortBytes)]
    [InlineData(PeerFault.LongBytes)]
    public async Task Read_OfWhatIsNotTheItem_DoesNotPassForIt(PeerFault fault)
    {
        NeedsFault(fault);
        var driver = await SealedAsync();
        Harness.Fault = fault;
        foreach (var (offset, count) in ((int, int)[])[(0, Length), (100, 50), (Length - 10, 10)])
        {
            var isWhole = count == Length;
            var isNoticed = fault != PeerFault.WrongBytes || Harness.ReadChecks == ReadChecks.Ranges || (Harness.ReadChecks == ReadChecks.Whole && isWhole);
            if (!isNoticed) continue;
            var failure = await Should.ThrowAsync<BackendException>(() => driver.ReadAsync(offset, count), $"bytes {offset} to {offset + count} were read with {fault}");
            failure.Kind.ShouldBeOneOf([.. Harness.KindsOf(fault)]);
        }

        Harness.Fault = PeerFault.None;
        (await driver.ReadAsync()).ShouldHold(driver.Content);
    }

    [Theory]
    [InlineData(PeerFault.ServerError)]
    [InlineData(PeerFault.Unavailable)]
    [InlineData(PeerFault.Throttles)]
    [InlineData(PeerFault.Hangs)]
    [InlineData(PeerFault.RefusesCredentials)]
    public async Task ReadAndVerify_WhenThePeerFails_SayThatAndNotThatItIsGone(PeerFault fault)
    {
        NeedsFault(fault);
        var driver = await SealedAsync();
        Harness.Fault = fault;
        if (!(fault == PeerFault.RefusesCredentials && Harness.Backend.Traits.IsPublic))
        {
            (await Should.ThrowAsync<BackendException>(() => driver.ReadAsync())).Kind.ShouldBeOneOf([.. Harness.KindsOf(fault)]);
            foreach (var depth in Enum.GetValues<VerifyDepth>())
                (await Should.ThrowAsync<BackendException>(() => driver.VerifyAsync(depth))).Kind.ShouldBeOneOf([.. Harness.KindsOf(fault)]);
        }

        Harness.Fault = PeerFault.None;
        (await driver.VerifyAsync(VerifyDepth.Exists)).IsThere.ShouldBeTrue();
    }

    [Fact]
    public async Task Verify_OfWhatIsThere_RestsOnMoreTheDeeperItLooks()
    {
        foreach (var length in Harness.Lengths)
        {
            var driver = New(length);
            await driver.RunAsync(ItemState.Sealed);
            foreach (var depth in Enum.GetValues<VerifyDepth>())
            {
                var evidence = await driver.VerifyAsync(depth);
                evidence.IsThere.ShouldBeTrue($"at depth {depth}: {evidence.Text}");
                evidence.Kinds.ShouldNotBe(ProofKinds.None);
                evidence.Text.ShouldNotBeNullOrWhiteSpace();
                if (depth != VerifyDepth.Exists) (evidence.Kinds & ~ProofKinds.Claim).ShouldNotBe(ProofKinds.None, $"at depth {depth} a claim is not enough");
                if (evidence.Kinds.HasFlag(ProofKinds.ReadBack)) evidence.Checked.ShouldBeInRange(1, length);
                if (depth == VerifyDepth.Full && evidence.Kinds.HasFlag(ProofKinds.ReadBack)) evidence.Checked.ShouldBe(length);
            }
        }
    }

    [Fact]
    public async Task Verify_OfWhatIsLost_NoticesAtEveryDepth()
    {
        var driver = await SealedAsync();
        await Harness.LoseAsync(driver.Item);
        foreach (var depth in Enum.GetValues<VerifyDepth>())
        {
            var evidence = await driver.VerifyAsync(depth);
            evidence.IsThere.ShouldBeFalse($"at depth {depth}: {evidence.Text}");
            evidence.Text.ShouldNotBeNullOrWhiteSpace();
        }
    }

    [Fact]
    public async Task Verify_OfWhatIsDamaged_NoticesBeyondExistence()
    {
        var driver = await SealedAsync();
        await Harness.DamageAsync(driver.Item);
        foreach (var depth in (VerifyDepth[])[VerifyDepth.Sample, VerifyDepth.Full])
        {
            var evidence = await driver.VerifyAsync(depth);
            evidence.IsThere.ShouldBeFalse($"at depth {depth}: {evidence.Text}");
        }
    }

    [Theory]
    [InlineData(PeerFault.WrongBytes)]
    [InlineData(PeerFault.ShortBytes)]
    [InlineData(PeerFault.LongBytes)]
    public async Task Verify_OfAPeerThatLies_IsNotFooled(PeerFault fault)
    {
        NeedsFault(fault);
        var driver = await SealedAsync();
        Harness.Fault = fault;
        foreach (var depth in (VerifyDepth[])[VerifyDepth.Sample, VerifyDepth.Full])
        {
            try
            {
                var evidence = await driver.VerifyAsync(depth);
                evidence.IsThere.ShouldBeFalse($"at depth {depth}: {evidence.Text}");
            }
            catch (BackendException failure)
            {
                failure.Kind.ShouldBeOneOf([.. Harness.KindsOf(fault)]);
            }
        }
    }
}
