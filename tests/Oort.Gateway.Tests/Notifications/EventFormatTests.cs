using System.Text.RegularExpressions;
using Oort.Gateway.Notifications;
using Oort.Identity.Model;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Notifications;

public sealed partial class EventFormatTests
{
    public static TheoryData<string> Events => [.. FormatVector.Names("event", "*.txt")];

    public static TheoryData<string> Webhooks => [.. FormatVector.Names("webhook", "*.txt")];

    [Theory]
    [MemberData(nameof(Events))]
    public void Event_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("event", name);
        (WaitingEvent.Read("event/t/0000000000000007-00000000", vector.Bytes, DateTimeOffset.UnixEpoch).Fault is null ? "ok" : "reject").ShouldBe(vector.Expect);
    }

    [Fact]
    public void Event_Put_IsOfItsKeyAndTime()
    {
        var put = WaitingEvent.Read("event/t/0000000000000007-00000000", FormatVector.Read("event", "put").Bytes, DateTimeOffset.UnixEpoch);
        (put.Subject, put.Queued, put.Id).ShouldBe(("bucket\0in/a.jpg", new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), "0000000000000007-00000000"));
    }

    [Theory]
    [InlineData("event", "test-event")]
    [InlineData("webhook", "one")]
    public void Page_Example_IsTheVector(string format, string name)
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", format + ".md"));
        Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, "")).ShouldBe(FormatVector.Read(format, name).Bytes);
    }

    [Theory]
    [MemberData(nameof(Webhooks))]
    public async Task Webhook_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("webhook", name);
        await using var world = await NotificationWorld.StartAsync(sends: false);
        await world.Metadata.PutSettingAsync("webhook/one", vector.Bytes, TestContext.Current.CancellationToken);

        // What is well formed is refused as well, as long as nobody's key opens its secret.
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await world.Service.Targets.FindAsync("one", default));
        var open = new WebhookTargets(world.Metadata, new Open(), TimeProvider.System);
        if (vector.Expect == "sealed") (await open.FindAsync("one", default))!.Url.ShouldBe(new("https://example.com/hook"));
        else await Should.ThrowAsync<MetadataUnavailableException>(async () => await open.FindAsync("one", default));
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();

    private sealed class Open : ISecretSeal
    {
        public byte[] Seal(ReadOnlySpan<byte> context, ReadOnlySpan<byte> secret) => secret.ToArray();

        byte[]? ISecretSeal.Open(ReadOnlySpan<byte> context, ReadOnlySpan<byte> sealedSecret) => sealedSecret.ToArray();
    }
}
