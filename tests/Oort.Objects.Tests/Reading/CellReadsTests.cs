using Oort.Objects.Reading;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reading;

public sealed class CellReadsTests
{
    [Fact]
    public void Look_ReadsThatEndWhileTheyAreCounted_AreInOneCountEach()
    {
        var reads = Enumerable.Range(0, 4).Select(_ => new TaskCompletionSource<bool>()).ToArray();
        var done = new bool[reads.Length];

        // Each ends as soon as it was looked at: whoever counted what has ended, and then what has not, would find nothing.
        CellReads.Look(EndingBehind(reads), done).ShouldBe((0, 4));
        CellReads.Look(reads.Select(read => read.Task), done).ShouldBe((4, 0));
        done.ShouldAllBe(isDone => isDone);
    }

    [Fact]
    public void Look_ReadsThatFailedPendAndWereTaken_AreCountedAsThat()
    {
        var pending = new TaskCompletionSource<bool>();
        bool[] done = [true, false, false, false, false];
        Task<bool>?[] reads = [null, null, Task.FromResult(false), pending.Task, Task.FromResult(true)];

        CellReads.Look(reads, done).ShouldBe((2, 1));

        done.ShouldBe([true, false, false, false, true]);
    }

    private static IEnumerable<Task<bool>> EndingBehind(TaskCompletionSource<bool>[] reads)
    {
        foreach (var read in reads)
        {
            yield return read.Task;
            read.SetResult(true);
        }
    }
}
