using Microsoft.Extensions.Logging;
using Oort.Identity.Model;
using Oort.Metadata;
using Oort.Objects.Events;

namespace Oort.Gateway.Notifications;

/// <summary>All of notifications: what is queued, for whom, and who sends it.</summary>
internal sealed class NotificationService : IAsyncDisposable
{
    private readonly WebhookSender sender;

    /// <param name="holder">This gateway.</param>
    public NotificationService(IMetadataStore metadata, EventQueue queue, ISecretSeal seal, NotificationOptions options, string holder, TimeProvider time, Random random, ILogger<EventDispatcher> logger)
    {
        Queue = queue;
        Targets = new(metadata, seal, time);
        Letters = new(metadata, queue);
        sender = new(options, time);
        Dispatcher = new(metadata, queue, Targets, Letters, sender.SendAsync, options, holder, time, random, logger);
    }

    public EventQueue Queue { get; }

    public WebhookTargets Targets { get; }

    public DeadLetters Letters { get; }

    public EventDispatcher Dispatcher { get; }

    public async ValueTask DisposeAsync()
    {
        await Dispatcher.DisposeAsync();
        sender.Dispose();
    }
}
