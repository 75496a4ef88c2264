using System.Collections.Immutable;
using System.Security.Cryptography;
using Oort.Gateway.Notifications;
using Oort.Metadata;
using Oort.Objects.Events;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetBucketNotificationConfiguration and PutBucketNotificationConfiguration, and the deprecated name of the first.</summary>
internal static class BucketNotifications
{
    private const string SkipHeader = "x-amz-skip-destination-validation";

    /// <summary>Characters of an id that is made for an entry without one.</summary>
    private const int IdLength = 48;
    private const string IdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var configured = NotificationDocument.Of(bucket)?.Rules.Select(rule => new ConfiguredNotification((ConfiguredTarget)rule.Form, rule.Id, rule.Arn, rule.Events, rule.Prefix, rule.Suffix));
        await S3Xml.WriteAsync(Answers.Xml(request), new NotificationConfiguration([.. configured ?? []]), cancellationToken);
    }

    /// <remarks>1. The body. 2. What is wrong with it. 3. Targets that are not there. 4. The setting. 5. A test event to each target, unless the client wants none.</remarks>
    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        // 1.
        var skipsTest = request.Header(SkipHeader) switch
        {
            null or "false" or "False" => false,
            "true" or "True" => true,
            var other => throw Arguments.Invalid(SkipHeader, other, "The value is true or false."),
        };
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var configuration = NotificationReader.Parse(await RequestDocuments.ReadAsync(request, cancellationToken));
        if (configuration.Notifications.Count == 0)
        {
            if (bucket.Settings.ContainsKey(NotificationDocument.SettingName))
                Errors.InnerErrors.ThrowUnlessDone(await context.Metadata.UpdateBucketAsync(bucket.Id, row => row with { Settings = row.Settings.Remove(NotificationDocument.SettingName) }, cancellationToken));
            Answers.Empty(request);
            return;
        }

        // 2.
        ImmutableArray<NotificationRule> rules = [.. configuration.Notifications.Select(ToRule)];
        CheckTogether(rules);

        // 3.
        var targets = rules.Select(rule => rule.Target).Distinct(StringComparer.Ordinal).ToList();
        foreach (var target in targets)
            if (context.Notifications is null || await context.Notifications.Targets.FindAsync(target, cancellationToken) is null) throw NoTarget(NotificationRule.ArnOf(target));

        // 4.
        var setting = new NotificationDocument(rules).Checked().Encode();
        await context.PutSettingAsync(bucket, NotificationDocument.SettingName, [.. setting], cancellationToken);

        // 5.
        if (!skipsTest) await TestAsync(context, request, bucket, targets, cancellationToken);
        Answers.Empty(request);
    }

    private static async ValueTask TestAsync(OperationContext context, S3Request request, BucketRow bucket, List<string> targets, CancellationToken cancellationToken)
    {
        foreach (var target in targets)
        {
            // No event of a change has a place that high.
            var place = int.MinValue | RandomNumberGenerator.GetInt32(int.MaxValue);
            var (name, value) = context.Notifications!.Queue.Test(target, context.Metadata.CommittedGeneration, place, bucket, ChangeOrigins.Of(request), context.Time.GetUtcNow());
            await context.Metadata.PutSettingAsync(name, value, cancellationToken);
        }
    }

    private static NotificationRule ToRule(ConfiguredNotification configured)
    {
        var target = NotificationRule.TargetOf(configured.Arn) ?? throw NoTarget(configured.Arn);
        if (configured.Id?.Length > NotificationRule.IdLengthMax) throw Arguments.Invalid("Id", configured.Id, $"An Id has at most {NotificationRule.IdLengthMax} characters.");
        foreach (var name in configured.Events)
            if (!EventNames.IsKnown(name)) throw Arguments.Invalid("Event", name, "A specified event is not supported for notifications.");
        foreach (var part in new[] { configured.Prefix, configured.Suffix })
            if (part?.Length > MetadataLimits.KeyBytesMax) throw Arguments.Invalid("FilterRule.Value", part, "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation");
        return new(configured.Id is { Length: > 0 } id ? id : RandomNumberGenerator.GetString(IdAlphabet, IdLength), (NotificationForm)configured.Kind, target, [.. configured.Events], configured.Prefix, configured.Suffix);
    }

    private static void CheckTogether(ImmutableArray<NotificationRule> rules)
    {
        if (rules.DistinctBy(rule => rule.Id).Count() != rules.Length) throw new S3Exception(S3Errors.InvalidArgument, "Same ID used for multiple configurations. IDs must be unique");
        for (var i = 0; i < rules.Length; i++)
        {
            if (rules[i].Events.Any(one => rules[i].Events.Count(other => EventNames.Overlap(one, other)) > 1))
                throw new S3Exception(S3Errors.InvalidArgument, "An event is overlapping or duplicated in a configuration.", ("ArgumentName", "Id"), ("ArgumentValue", rules[i].Id));
            for (var j = 0; j < i; j++)
                if (rules[i].Overlaps(rules[j])) throw new S3Exception(S3Errors.InvalidArgument, "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.", ("ArgumentName", rules[j].Id), ("ArgumentValue", rules[i].Id));
        }
    }

    private static S3Exception NoTarget(string arn) =>
        new(S3Errors.InvalidArgument, "Unable to validate the following destination configurations", ("ArgumentName", arn), ("ArgumentValue", $"There is no such target; `oort notification list` shows those that there are, such as {NotificationRule.ArnOf("NAME")}."));
}
