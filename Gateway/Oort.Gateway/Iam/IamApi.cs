using Microsoft.Extensions.Logging;
using Oort.Access;
using Oort.Gateway.Access;
using Oort.Gateway.Audit;
using Oort.Identity.Model;
using Oort.Identity.Sessions;
using Oort.Identity.Store;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Iam;

/// <summary>IAM and STS as AWS's clients ask them: forms that are posted to the gateway's root (IAM API, STS API). Thread-safe.</summary>
internal sealed partial class IamApi(IdentityStore store, ISecretSeal seal, StsApi sts, string region, TimeProvider time, ILogger<IamApi> logger, RequestRates? rates = null)
{
    private const string Space = "https://iam.amazonaws.com/doc/2010-05-08/";

    /// <summary>How it is served.</summary>
    public QueryService Service => new(["iam", "sts"], HandleAsync, (xml, problem, id) => QueryAnswer.WriteError(xml, problem, id, Space));

    /// <summary>Whether a request is for IAM or STS: a form that is posted to no bucket.</summary>
    public static bool IsOne(Microsoft.AspNetCore.Http.HttpContext http) =>
        http.Request.Path.Value == "/" && http.Request.Method == "POST" && http.Request.ContentType is { } type && type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase);

    private async ValueTask HandleAsync(S3Request request, CancellationToken cancellationToken)
    {
        rates?.Take(request.Http, Caller.Of(request), null);
        var form = QueryForm.Parse(await S3Documents.ReadBodyAsync(request, QueryForm.SizeMax, cancellationToken));
        if (Caller.Of(request) is { Session: null, AccessKeyId.Length: > 0 } signer) store.Uses.Note(signer.AccessKeyId, StsApi.IsAction(form.Action) ? "sts" : "iam", region);
        if (AuditFacts.Of(request.Http) is { } audit) audit.Action = (StsApi.IsAction(form.Action) ? "sts:" : "iam:") + form.Action;
        if (StsApi.IsAction(form.Action))
        {
            await sts.HandleAsync(request, form, cancellationToken);
            return;
        }

        var caller = Caller.Of(request);
        if (caller.Principal.Kind == PrincipalKind.Anonymous) throw new S3Exception(QueryErrors.MissingAuthenticationToken);
        // A session that was begun with a key alone proves no more than the key, and outlives it: it may not make keys (IAM User Guide: "Compare AWS STS credentials").
        if (caller.Session is { Kind: not SessionKind.Role }) throw new S3Exception(QueryErrors.AccessDenied, "Sessions of GetSessionToken may not call IAM.");
        var action = IamActions.Find(form.Action) ?? throw new S3Exception(QueryErrors.InvalidAction, $"Could not find operation {form.Action}");
        var call = new IamCall(form, caller, store, seal, time.GetUtcNow(), cancellationToken);
        Ensure(request, call, action);
        try
        {
            await QueryAnswer.WriteAsync(request, Space, form.Action, await action.Handler(call), cancellationToken);
        }
        catch (MetadataUnavailableException failure)
        {
            LogUnavailable(logger, request.RequestId, form.Action, failure.Message);
            throw new S3Exception(QueryErrors.Throttling);
        }
    }

    private void Ensure(S3Request request, IamCall call, IamAction action)
    {
        var resource = action.Resource(call);
        var isArn = Arn.TryParse(resource, out var arn);
        var facts = new CallerFacts(request.Http, call.Caller, call.Account, region, time.GetUtcNow(), StsFacts.OfTags(call.Form));
        var decision = isArn ? call.Caller.Decide(action.Right, arn, call.Account, facts) : default;
        if (decision.IsAllowed) return;
        // Root may everything; what it names wrongly, it is told by what it asked for.
        if (!isArn && call.Caller.IsRoot && call.Caller.Own.Grants.IsEmpty) return;
        LogDenied(logger, request.RequestId, call.Caller.ToString(), action.Right.Name, resource);
        throw new S3Exception(QueryErrors.AccessDenied, $"User: {call.Caller.Principal.Arn} is not authorized to perform: {action.Right.Name} on resource: {resource}");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Request {Id}: {Principal} may not {Action} on {Resource}.")]
    private static partial void LogDenied(ILogger logger, string id, string principal, string action, string resource);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Request {Id}: {Action} could not be carried out: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string id, string action, string reason);
}
