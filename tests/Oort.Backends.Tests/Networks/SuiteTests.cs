using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Networks;

/// <summary>The suite sees what is wrong: for each flaw that a backend may have, tests that fail on it.</summary>
public sealed class SuiteTests
{
    private static readonly Dictionary<Flaw, Func<Flawed, Task>[]> seenBy = new()
    {
        [Flaw.PaysAgain] = [suite => suite.Item_KilledAfterEveryStep_CostsNothingTwice(), suite => suite.Steps_WhenThePeerFails_FailByItsKindAndGoOnAfterwards(PeerFault.LosesAnswers)],
        [Flaw.RepeatsPayments] = [suite => suite.Steps_WhenThePeerFails_FailByItsKindAndGoOnAfterwards(PeerFault.LosesAnswers)],
        [Flaw.SealsUnread] = [suite => suite.Item_ThatIsReadBackWrong_IsNeverSealed(PeerFault.WrongBytes), suite => suite.Item_DamagedBeforeItIsSealed_IsNeverSealed()],
        [Flaw.SkipsStates] = [suite => suite.Item_OfEveryLength_EndsSealedAndReadsBack()],
        [Flaw.StandsStill] = [suite => suite.Item_OfEveryLength_EndsSealedAndReadsBack()],
        [Flaw.BecomesAnother] = [suite => suite.Item_OfEveryLength_EndsSealedAndReadsBack()],
        [Flaw.AsksForSentBytes] = [suite => suite.Item_OfEveryLength_EndsSealedAndReadsBack()],
        [Flaw.ReadsTooFar] = [suite => suite.Read_Ranges_AreRightAtTheirEdges(), suite => suite.Read_AtTheEndOrBehindIt_GivesNothing()],
        [Flaw.IgnoresOffsets] = [suite => suite.Read_Ranges_AreRightAtTheirEdges()],
        [Flaw.CallsAllTransient] =
            [
                suite => suite.Steps_WhenThePeerFails_FailByItsKindAndGoOnAfterwards(PeerFault.OutOfFunds),
                suite => suite.Steps_WhenThePeerFails_FailByItsKindAndGoOnAfterwards(PeerFault.RefusesCredentials),
                suite => suite.Steps_WhenThePeerFails_FailByItsKindAndGoOnAfterwards(PeerFault.Throttles),
                suite => suite.Test_OfAPeerThatFails_SaysHow(PeerFault.RefusesCredentials),
                suite => suite.Read_OfWhatWasLost_IsNotFound(),
            ],
        [Flaw.TellsSecrets] = [suite => suite.Test_OfAPeerThatFails_SaysHow(PeerFault.RefusesCredentials), suite => suite.Steps_WhenThePeerFails_FailByItsKindAndGoOnAfterwards(PeerFault.ServerError)],
        [Flaw.StoresSecrets] = [suite => suite.Item_OfEveryLength_EndsSealedAndReadsBack()],
        [Flaw.BelievesAll] =
            [
                suite => suite.Verify_OfWhatIsLost_NoticesAtEveryDepth(),
                suite => suite.Verify_OfWhatIsDamaged_NoticesBeyondExistence(),
                suite => suite.Verify_OfAPeerThatLies_IsNotFooled(PeerFault.WrongBytes),
                suite => suite.ReadAndVerify_WhenThePeerFails_SayThatAndNotThatItIsGone(PeerFault.ServerError),
            ],
        [Flaw.TakesOutagesForLosses] = [suite => suite.ReadAndVerify_WhenThePeerFails_SayThatAndNotThatItIsGone(PeerFault.Hangs), suite => suite.ReadAndVerify_WhenThePeerFails_SayThatAndNotThatItIsGone(PeerFault.RefusesCredentials)],
        [Flaw.DeletesOnce] = [suite => suite.Delete_OfAnItem_SaysWhatItIs_AndAgain()],
        [Flaw.DeletesNothing] = [suite => suite.Delete_OfAnItem_SaysWhatItIs_AndAgain(), suite => suite.Delete_OfAnItemInEachState_LeavesNothing(), suite => suite.Delete_WhenThePeerFails_IsNoDelete(PeerFault.ServerError), suite => suite.Delete_WhoseAnswerWasLost_AnswersAsIfItWasTheFirst()],
        [Flaw.MissesTheDeleted] = [suite => suite.Delete_OfAnItem_SaysWhatItIs_AndAgain(), suite => suite.Delete_WhoseAnswerWasLost_AnswersAsIfItWasTheFirst()],
        [Flaw.DeletesTheSentOnly] = [suite => suite.Delete_OfWhatWasNeverSent_AnswersTheSameAgain()],
        [Flaw.TestsNothing] = [suite => suite.Test_OfAPeerThatFails_SaysHow(PeerFault.ServerError), suite => suite.Test_OfAPeerThatFails_SaysHow(PeerFault.Hangs)],
        [Flaw.NeverLooksAgain] = [suite => suite.Sealed_WhenItIsLost_IsNoCopyAnyMore(), suite => suite.Sealed_WhenThePeerFails_StaysACopy(PeerFault.ServerError)],
        [Flaw.SendsWhateverItGets] = [suite => suite.Item_WhoseSourceHasOtherBytes_IsNeverSealed()],
        [Flaw.IgnoresCancelling] = [suite => suite.Step_ThatIsCancelled_SaysSo()],
    };

    public static TheoryData<Flaw> Flaws => [.. Enum.GetValues<Flaw>()];

    [Theory]
    [MemberData(nameof(Flaws))]
    public async Task Suite_OnABackendWithAFlaw_Fails(Flaw flaw)
    {
        foreach (var (index, test) in seenBy[flaw].Index())
        {
            await using var suite = new Flawed(flaw);
            await suite.InitializeAsync();
            var failure = await Record.ExceptionAsync(() => test(suite));
            failure.ShouldNotBeNull($"test {index} for {flaw} passed");
            // A failed assertion, or what the states refuse; nothing that went wrong by the way.
            (failure is ShouldAssertException or ArgumentException).ShouldBeTrue($"test {index} for {flaw} ended with {failure}");
        }
    }

    private sealed class Flawed(Flaw flaw) : NetworkBackendSuite
    {
        protected override Task<NetworkHarness> CreateAsync() => Task.FromResult<NetworkHarness>(new FakeNetworkHarness((inner, network) => new FlawedBackend(inner, network, flaw)));
    }
}
