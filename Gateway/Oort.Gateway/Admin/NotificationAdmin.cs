using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Oort.Gateway.Notifications;
using Oort.Objects.Events;

namespace Oort.Gateway;

/// <summary>Body of <c>PUT notifications/NAME</c>.</summary>
/// <param name="Secret">16 to 256 visible ASCII characters; null: one is made.</param>
public sealed record WebhookRequest(string? Url = null, string? Secret = null);

/// <summary>Body of <c>POST notifications/NAME/dead/…</c>.</summary>
/// <param name="Id">Of one given-up event; null: all of the webhook.</param>
public sealed record DeadLetterRequest(string? Id = null);

/// <summary>A webhook to which buckets may send events.</summary>
/// <param name="Arn">As notification configurations name it.</param>
/// <param name="Secret">Only in the answer to its declaration; null otherwise.</param>
/// <param name="Waiting">Events that wait for it, as far as this gateway has counted.</param>
/// <param name="Dead">Events that were given up and are kept.</param>
/// <param name="Dropped">Events that this gateway did not queue since its start, as too many waited.</param>
/// <param name="LastFailure">Why the last attempt of this gateway failed; null: it did not.</param>
public sealed record WebhookModel(string Name, string Arn, Uri Url, DateTimeOffset Added, long Waiting, long Dead, long Dropped, string? LastFailure, string? Secret = null);

/// <summary>Answer of <c>GET notifications</c>.</summary>
public sealed record WebhooksModel(ImmutableArray<WebhookModel> Webhooks);

/// <summary>An event that was given up.</summary>
/// <param name="Id">For dropping it or sending it again.</param>
/// <param name="Event">The message, as it would have been sent.</param>
public sealed record DeadLetterModel(string Id, int Attempts, string Reason, DateTimeOffset GivenUp, JsonElement Event);

/// <summary>Answer of <c>GET notifications/NAME/dead</c>.</summary>
/// <param name="Next">What to go on after; null: there are no more.</param>
public sealed record DeadLettersModel(ImmutableArray<DeadLetterModel> Events, string? Next);

/// <summary>How many given-up events were sent again or dropped.</summary>
public sealed record DeadLetterCountModel(int Count);

/// <summary>The part of the admin API about webhooks, and events that they have not taken.</summary>
internal sealed class NotificationAdmin(NotificationService notifications)
{
    private const int PageSize = 100;

    public async ValueTask<WebhooksModel> ListAsync(CancellationToken cancellationToken)
    {
        var models = ImmutableArray.CreateBuilder<WebhookModel>();
        foreach (var target in await notifications.Targets.ListAsync(cancellationToken)) models.Add(await ModelAsync(target, cancellationToken));
        return new(models.ToImmutable());
    }

    public async ValueTask<WebhookModel> AddAsync(string name, WebhookRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var target = await notifications.Targets.AddAsync(name, request.Url ?? "", request.Secret, cancellationToken);
            notifications.Queue.Wake();
            return await ModelAsync(target, cancellationToken) with { Secret = target.Secret };
        }
        catch (ArgumentException e)
        {
            throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", e.Message);
        }
    }

    public async ValueTask<WebhooksModel> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        if (!NotificationRule.IsTargetName(name) || !await notifications.Targets.RemoveAsync(name, cancellationToken)) throw NoTarget(name);
        notifications.Queue.Wake();
        return await ListAsync(cancellationToken);
    }

    public async ValueTask<DeadLettersModel> DeadAsync(string name, string after, CancellationToken cancellationToken)
    {
        var page = await notifications.Letters.ListAsync(Checked(name), after, PageSize + 1, cancellationToken);
        return new([.. page.Take(PageSize).Select(letter => new DeadLetterModel(letter.Id, letter.Attempts, letter.Reason, letter.GivenUp, letter.Event))], page.Length > PageSize ? page[PageSize - 1].Id : null);
    }

    /// <param name="action">"retry" or "drop".</param>
    public async ValueTask<DeadLetterCountModel> ChangeDeadAsync(string name, string action, DeadLetterRequest request, CancellationToken cancellationToken) => new(action switch
    {
        "retry" => await notifications.Letters.RetryAsync(Checked(name), request.Id, cancellationToken),
        "drop" => await notifications.Letters.DropAsync(Checked(name), request.Id, cancellationToken),
        _ => throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", "Given-up events can be sent again (retry) and dropped (drop)."),
    });

    private async ValueTask<WebhookModel> ModelAsync(WebhookTarget target, CancellationToken cancellationToken) => new(
        target.Name, NotificationRule.ArnOf(target.Name), target.Url, target.Added, notifications.Queue.CountOf(target.Name), await notifications.Letters.CountAsync(target.Name, cancellationToken),
        notifications.Queue.Dropped.GetValueOrDefault(target.Name), notifications.Dispatcher.Failures.GetValueOrDefault(target.Name));

    // Of one that is not declared any more there may be given-up events all the same.
    private static string Checked(string name) => NotificationRule.IsTargetName(name) ? name : throw NoTarget(name);

    private static AdminRequestException NoTarget(string name) => new(StatusCodes.Status404NotFound, "NotFound", $"There is no webhook {name}; `oort notification list` shows those that there are.");
}
