using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Audit;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>Lets in who may see or change how the gateway runs: the root of the account that runs it, and those whom it allows <c>oort:ReadAdmin</c> or <c>oort:ChangeAdmin</c>. Thread-safe.</summary>
/// <param name="account">Number of the account that runs the gateway.</param>
internal sealed partial class AdminGate(string account, string region, TimeProvider time, ILogger<AdminGate> logger)
{
    private static readonly AccessAction readAdmin = AccessActions.Get("oort:ReadAdmin");
    private static readonly AccessAction changeAdmin = AccessActions.Get("oort:ChangeAdmin");

    /// <exception cref="S3Exception">AccessDenied.</exception>
    public void Authorize(S3Request request)
    {
        var caller = Caller.Of(request);
        var action = HttpMethods.IsGet(request.Http.Request.Method) || HttpMethods.IsHead(request.Http.Request.Method) ? readAdmin : changeAdmin;
        AuditFacts.Of(request.Http)?.Action = action.Name;
        var facts = new CallerFacts(request.Http, caller, account, region, time.GetUtcNow());
        // Whoever of another account was let in by his own policies alone: nothing here has a policy that could invite him.
        if (caller.Principal.Account == account && caller.Decide(action, new("aws", "oort", "", account, "gateway"), account, facts).IsAllowed) return;
        LogDenied(logger, request.RequestId, caller.ToString(), action.Name, request.Http.Request.Path.Value!);
        throw new S3Exception(S3Errors.AccessDenied);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Request {Id}: {Principal} may not {Action}: {Path}.")]
    private static partial void LogDenied(ILogger logger, string id, string principal, string action, string path);
}
