namespace Oort.Objects.Packs;

/// <summary>Tells a flush that is about to begin whether to let more bodies come first: how often it stands aside, and for how long.</summary>
/// <remarks>
/// Standing aside is a pass of the thread pool's queue, in which requests that came together stand together: without it the first of them would have a flush of its own, and the
/// others wait for that. It is no timer: where nobody is about to come, the passes take microseconds. Not thread-safe; one for each flush.
/// </remarks>
/// <param name="expectedCount">Bodies of the last two groups together: as many clients are there, about, that send one after the other.</param>
/// <param name="seenCount">Bodies that wait now.</param>
internal sealed class Crowd(int expectedCount, int seenCount)
{
    /// <summary>Passes for a few: as long as each has brought somebody.</summary>
    public const int FewPassesMax = 3;

    /// <summary>
    /// From so many expected on they are a crowd: whoever was answered a moment ago is about to come again, and a flush that begins before that costs as
    /// much as one for all. It stands aside until they are all there, or nobody came in <see cref="QuietPassesMax"/> passes in a row. A lone client waits for nobody.
    /// </summary>
    public const int CountMin = 4;

    /// <summary>Measured over 64 connections: three passes make groups of 55 to 60, one makes groups of 30.</summary>
    public const int QuietPassesMax = 3;

    /// <summary>Passes for a crowd: each brings somebody, or is one of the quiet ones.</summary>
    public const int PassesMax = 32;

    /// <summary>No flush stands aside for a crowd for longer, though a pass of a long queue may take long: about as long as a flush takes.</summary>
    public static readonly TimeSpan TimeMax = TimeSpan.FromMilliseconds(4);

    /// <summary>For so long it gives its core away at each pass, to clients on the same machine; where that takes longer, the machine is short of cores for other work.</summary>
    public static readonly TimeSpan YieldTimeMax = TimeSpan.FromMilliseconds(1);

    private readonly bool isCrowd = expectedCount >= CountMin;
    private int seenCount = seenCount;
    private int passCount;
    private int quietCount;

    /// <summary>Whether another pass may bring more bodies.</summary>
    /// <param name="waitingCount">Bodies that wait now.</param>
    /// <param name="elapsed">Since the flush might have begun.</param>
    public bool MayGrow(int waitingCount, TimeSpan elapsed)
    {
        quietCount = waitingCount > seenCount ? 0 : quietCount + 1;
        seenCount = waitingCount;
        passCount++;
        return isCrowd
            ? waitingCount < expectedCount && quietCount < QuietPassesMax && passCount <= PassesMax && elapsed < TimeMax
            : quietCount == 0 && passCount <= FewPassesMax;
    }

    /// <summary>Whether to give the core away for the next pass.</summary>
    public bool Yields(TimeSpan elapsed) => isCrowd && elapsed < YieldTimeMax;
}
