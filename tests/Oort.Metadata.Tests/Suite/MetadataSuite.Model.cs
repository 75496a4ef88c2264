using FsCheck;
using FsCheck.Fluent;
using Oort.Metadata.Tests.Model;

namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    [Fact]
    public void RandomCommands_OnEngineAndModel_AnswerTheSame() =>
        Prop.ForAll(ModelCommand.Sequences, commands => RunOnBoth(commands).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    private async Task RunOnBoth(ModelCommand[] commands)
    {
        var bucket = (await CreateBucket("model" + Interlocked.Increment(ref nextSegment))).Id;
        var run = new ModelRun(Store, bucket, (key, size, etag, conditions) => Put(bucket, key, size, etag, conditions), Part);
        foreach (var command in commands) await run.StepAsync(command);
        (await Store.CheckAsync(10, default)).ShouldBeEmpty();
    }
}
