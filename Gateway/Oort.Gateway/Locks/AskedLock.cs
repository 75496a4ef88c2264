using System.Globalization;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Locks;

/// <summary>The lock that a request asks for, as conditions of policies see it: of its headers, or of the body that was read (<c>s3:object-lock-…</c>).</summary>
/// <param name="Hold">ON, OFF, or null.</param>
internal sealed record AskedLock(string? Mode, string? Until, string? Hold)
{
    public static AskedLock Of(S3Request request) =>
        request.Http.Features.Get<AskedLock>() ?? new(request.Header(LockHeaders.Mode), request.Header(LockHeaders.RetainUntil), request.Header(LockHeaders.Hold));

    public static AskedLock Of(LockTerm retention) => retention.Mode == RetentionMode.None ? new(null, null, null) : new(LockHeaders.NameOf(retention.Mode), ObjectLockReader.FormatDate(retention.Until), null);

    /// <summary>Days from a time to the end of the retention, begun ones included; null: there is none, or it cannot be read.</summary>
    public string? RemainingDays(DateTimeOffset now) => Until is not null && ObjectLockReader.ParseDate(Until) is { } until ? Math.Ceiling((until - now).TotalDays).ToString(CultureInfo.InvariantCulture) : null;
}
