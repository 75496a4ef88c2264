namespace Oort.Gateway.Tests.Model;

/// <summary>One step of a run: what to do, and numbers that say to what. A step means the same whatever stands before it, so a sequence can be cut down.</summary>
/// <param name="Kind">Which request, or a restart.</param>
/// <param name="Bucket">Index of a bucket.</param>
/// <param name="Key">Index of a key.</param>
/// <param name="A">Meaning depends on the kind.</param>
/// <param name="B">Likewise.</param>
internal sealed record Step(StepKind Kind, int Bucket, int Key, int A, int B)
{
    /// <summary>Keys that meet in prefixes, delimiters, byte order and encodings.</summary>
    public static readonly string[] Keys =
        ["a/b", "a/b/c", "b", "a", "a/", "a/b/", "a//", "a\u0001", "ab", "b--c", "b--c--d", "c d+e%2F&f", "é", "éa", "\uffff", "🙂", "🙂/x", "x/../y"];

    public static readonly string[] Prefixes = ["", "a", "a/", "a/b", "b", "b--", "c d", "é", "🙂", "zz"];

    public static readonly string[] Delimiters = ["", "/", "--", "b", "/b", "é", "d+"];

    private static readonly (StepKind Kind, int Weight)[] weights =
    [
        (StepKind.Put, 24), (StepKind.Get, 12), (StepKind.Head, 4), (StepKind.Delete, 4), (StepKind.DeleteVersion, 5), (StepKind.DeleteMany, 2),
        (StepKind.Copy, 8), (StepKind.CreateUpload, 5), (StepKind.PutPart, 12), (StepKind.CopyPart, 7), (StepKind.Complete, 8), (StepKind.Abort, 1),
        (StepKind.ListV1, 5), (StepKind.ListV2, 5), (StepKind.ListVersions, 5), (StepKind.ListUploads, 3), (StepKind.ListParts, 3),
        (StepKind.SetVersioning, 3), (StepKind.CreateBucket, 1), (StepKind.DeleteBucket, 1), (StepKind.ListBuckets, 1), (StepKind.Collect, 2),
    ];

    /// <summary>The sequence of a seed, always the same.</summary>
    /// <param name="restarts">How often the gateway is restarted in between, at even distances; each is by turns in order and by a kill.</param>
    public static List<Step> Sequence(int seed, int count, int restarts)
    {
        var random = new Random(seed);

        // Of its own, so that the other steps of a kept seed stay what they were.
        var locking = new Random(seed ^ 0x10c);
        var steps = new List<Step> { new(StepKind.CreateBucket, 0, 0, 0, 0), new(StepKind.CreateBucket, 1, 0, 0, 0), new(StepKind.SetVersioning, 1, 0, 0, 0) };
        var total = weights.Sum(pair => pair.Weight);
        for (var i = 1; i <= count; i++)
        {
            var at = random.Next(total);
            var kind = weights.First(pair => (at -= pair.Weight) < 0).Kind;

            // Often the same few, so that histories grow.
            var key = random.Next(3) > 0 ? random.Next(3) : random.Next(Keys.Length);
            var bucket = random.Next(12) == 0 ? 2 : random.Next(2);
            steps.Add(new(kind, bucket, key, random.Next(1_000_000), random.Next(1_000_000)));
            if (locking.Next(6) == 0)
            {
                var lockKind = locking.Next(12) == 0 ? StepKind.StartLocks : locking.Next(2) == 0 ? StepKind.Retain : StepKind.Hold;
                steps.Add(new(lockKind, locking.Next(2), locking.Next(3), locking.Next(1_000_000), locking.Next(1_000_000)));
            }

            if (restarts > 0 && i % (count / (restarts + 1) + 1) == 0) steps.Add(new(StepKind.Restart, 0, 0, steps.Count, 0));
        }

        return steps;
    }
}

internal enum StepKind
{
    CreateBucket,
    DeleteBucket,
    ListBuckets,
    SetVersioning,
    Put,
    Get,
    Head,
    Delete,
    DeleteVersion,
    DeleteMany,
    Copy,
    CreateUpload,
    PutPart,
    CopyPart,
    Complete,
    Abort,
    ListV1,
    ListV2,
    ListVersions,
    ListUploads,
    ListParts,
    Collect,
    Restart,
    StartLocks,
    Retain,
    Hold,
}
