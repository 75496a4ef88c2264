using Microsoft.AspNetCore.Http;
using Oort.Gateway.Access;

namespace Oort.Gateway.Audit;

/// <summary>What is found out about a request on its way that its line in the audit log says. A request has it when there is such a log, and has been admitted to it.</summary>
internal sealed class AuditFacts
{
    /// <summary>What it needs to be allowed, as far as is known before it is carried out.</summary>
    public RequiredRight[]? Rights { get; set; }

    /// <summary>The action, where it is one, and not of S3.</summary>
    public string? Action { get; set; }

    /// <returns>Null: there is no audit log.</returns>
    public static AuditFacts? Of(HttpContext http) => http.Features.Get<AuditFacts>();
}
