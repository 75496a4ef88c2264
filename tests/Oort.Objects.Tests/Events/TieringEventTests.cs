using System.Text.Json;
using Oort.Metadata;
using Oort.Objects.Events;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Events;

public sealed class TieringEventTests
{
    [Fact]
    public async Task RestoreAndTransition_AreTold()
    {
        await using var world = await TieringWorld.StartAsync();
        var document = new NotificationDocument([new("r", NotificationForm.Queue, "hook", ["s3:ObjectRestore:*", "s3:LifecycleTransition"])]);
        (await world.System.Metadata.UpdateBucketAsync(world.Bucket.Id, row => row with { Settings = row.Settings.SetItem(NotificationDocument.SettingName, [.. document.Encode()]) }, CancellationToken.None)).ShouldBe(CommitOutcome.Done);
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 1, "moves/"));
        await world.PutAsync("key", SystemActions.Content(1, 3_000_000), "DEEP_ARCHIVE");
        await world.PutAsync("moves/key", SystemActions.Content(2, 1_000));
        await world.RequestRestoreAsync("key", days: 1);
        await world.System.StepTieringAsync();
        (await ToldAsync()).ShouldBe(["ObjectRestore:Completed key"], "Once, however many batches it was.");

        for (var i = 0; i < 3; i++)
        {
            world.Time.Advance(TimeSpan.FromDays(1));
            await world.System.StepTieringAsync();
        }

        (await ToldAsync()).ShouldBe(["LifecycleTransition moves/key", "ObjectRestore:Completed key", "ObjectRestore:Delete key"], ignoreOrder: true);

        async Task<string[]> ToldAsync() => [.. (await world.System.Metadata.ListSettingsAsync(EventQueue.Prefix, "", 100, CancellationToken.None)).Select(setting =>
        {
            using var message = JsonDocument.Parse(EventQueue.MessageOf(setting.Value));
            var record = message.RootElement.GetProperty("Records")[0];
            return $"{record.GetProperty("eventName").GetString()} {record.GetProperty("s3").GetProperty("object").GetProperty("key").GetString()}";
        })];
    }
}
