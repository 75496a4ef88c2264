using FsCheck;
using FsCheck.Fluent;

namespace Oort.Metadata.Tests.Model;

/// <summary>One random command: what to do, and numbers that say to what.</summary>
/// <param name="Kind">Which of the commands.</param>
/// <param name="Key">Index of a key.</param>
/// <param name="A">Meaning depends on the command.</param>
/// <param name="B">Likewise.</param>
public sealed record ModelCommand(ModelKind Kind, int Key, int A, int B)
{
    /// <summary>Keys that meet in prefixes, delimiters and byte order.</summary>
    public static readonly string[] Keys = ["a", "a/", "a/b", "a/b/", "a/b/c", "a//", "a\0", "ab", "b", "b--c", "b--c--d", "é", "éa", "\uffff", "🙂", "🙂/x"];

    public static readonly string[] Prefixes = ["", "a", "a/", "a/b", "b", "b--", "é", "🙂", "zz"];

    public static readonly string[] Delimiters = ["", "/", "--", "b", "/b", "é"];

    public static Arbitrary<ModelCommand[]> Sequences
    {
        get
        {
            var kind = Gen.Frequency(
                (6, Gen.Constant(ModelKind.Put)), (3, Gen.Constant(ModelKind.Delete)), (4, Gen.Constant(ModelKind.DeleteVersion)),
                (3, Gen.Constant(ModelKind.SetVersioning)), (2, Gen.Constant(ModelKind.CreateUpload)), (3, Gen.Constant(ModelKind.PutPart)),
                (2, Gen.Constant(ModelKind.Complete)), (1, Gen.Constant(ModelKind.Abort)), (3, Gen.Constant(ModelKind.ListObjects)),
                (3, Gen.Constant(ModelKind.ListVersions)), (1, Gen.Constant(ModelKind.ListUploads)), (2, Gen.Constant(ModelKind.Find)), (1, Gen.Constant(ModelKind.SetQuota)),
                (1, Gen.Constant(ModelKind.StartLocks)), (4, Gen.Constant(ModelKind.Retain)), (2, Gen.Constant(ModelKind.Hold)));
            var command = from k in kind
                          from key in Gen.Frequency((2, Gen.Choose(2, 4)), (1, Gen.Choose(0, Keys.Length - 1))) // Often the same few, so that histories grow.
                          from a in Gen.Choose(0, 1_000_000)
                          from b in Gen.Choose(0, 1_000_000)
                          select new ModelCommand(k, key, a, b);
            return Arb.From(command.ArrayOf(90), Shrink);
        }
    }

    /// <summary>Shorter sequences: without each half, quarter, … down to single commands.</summary>
    private static IEnumerable<ModelCommand[]> Shrink(ModelCommand[] commands)
    {
        for (var size = commands.Length / 2; size > 0; size /= 2)
            for (var at = 0; at < commands.Length; at += size)
                yield return [.. commands.Take(at), .. commands.Skip(at + size)];
    }
}

public enum ModelKind
{
    Put,
    Delete,
    DeleteVersion,
    SetVersioning,
    CreateUpload,
    PutPart,
    Complete,
    Abort,
    ListObjects,
    ListVersions,
    ListUploads,
    Find,
    SetQuota,
    StartLocks,
    Retain,
    Hold,
}
