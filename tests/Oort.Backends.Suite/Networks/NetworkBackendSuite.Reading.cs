using Shouldly;
using Xunit;

namespace Oort.Backends.Suite;

public abstract partial class NetworkBackendSuite
{
    /// <summary>At which bytes are looked at, or a proof.</summary>
    private static readonly VerifyDepth[] readDepths = [VerifyDepth.Sample, VerifyDepth.Full];

    [Fact]
    public async Task Read_Ranges_AreRightAtTheirEdges()
    {
        foreach (var length in Harness.Lengths)
        {
            var driver = await SealedAsync(length);
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
    [MemberData(nameof(Lies))]
    public async Task Read_OfWhatIsNotTheItem_DoesNotPassForIt(PeerFault fault)
    {
        var driver = await SealedAsync();
        foreach (var (offset, count) in ((int, int)[])[(0, Length), (100, 50), (Length - 10, 10)])
        {
            var isWhole = count == Length;
            var isNoticed = fault != PeerFault.WrongBytes || Harness.ReadChecks == ReadChecks.Ranges || (Harness.ReadChecks == ReadChecks.Whole && isWhole);
            if (isNoticed) await FailsAsync(fault, () => driver.ReadAsync(offset, count));
        }

        (await driver.ReadAsync()).ShouldHold(driver.Content);
    }

    [Theory]
    [MemberData(nameof(Outages))]
    public async Task ReadAndVerify_WhenThePeerFails_SayThatAndNotThatItIsGone(PeerFault fault)
    {
        var driver = await SealedAsync();
        if (!(fault == PeerFault.RefusesCredentials && Harness.Backend.Traits.IsPublic))
        {
            await FailsAsync(fault, () => driver.ReadAsync());
            foreach (var depth in Enum.GetValues<VerifyDepth>()) await FailsAsync(fault, () => driver.VerifyAsync(depth));
        }

        (await driver.VerifyAsync(VerifyDepth.Exists)).IsThere.ShouldBeTrue();
    }

    [Fact]
    public async Task Verify_OfWhatIsThere_RestsOnMoreTheDeeperItLooks()
    {
        foreach (var length in Harness.Lengths)
        {
            var driver = await SealedAsync(length);
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
        foreach (var depth in Enum.GetValues<VerifyDepth>()) await IsNotThereAsync(driver, depth);
    }

    [Fact]
    public async Task Verify_OfWhatIsDamaged_NoticesBeyondExistence()
    {
        var driver = await SealedAsync();
        await Harness.DamageAsync(driver.Item);
        foreach (var depth in readDepths) await IsNotThereAsync(driver, depth);
    }

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task Verify_OfAPeerThatLies_IsNotFooled(PeerFault fault)
    {
        var driver = await SealedAsync();
        using var lie = While(fault);
        foreach (var depth in readDepths)
        {
            try
            {
                await IsNotThereAsync(driver, depth);
            }
            catch (BackendException failure)
            {
                failure.Kind.ShouldBeOneOf([.. Harness.KindsOf(fault)]);
            }
        }
    }

    private static async Task IsNotThereAsync(ItemDriver driver, VerifyDepth depth)
    {
        var evidence = await driver.VerifyAsync(depth);
        evidence.IsThere.ShouldBeFalse($"at depth {depth}: {evidence.Text}");
        evidence.Text.ShouldNotBeNullOrWhiteSpace();
    }
}
