using System.Text;
using Oort.Access.Policies;

namespace Oort.Access.Tests.Support;

/// <summary>Requests and policies, short.</summary>
internal static class Requests
{
    public const string Account = "111122223333";
    public const string OtherAccount = "444455556666";

    public static string CanonicalOf(string account) => account.PadLeft(64, '0');

    public static Principal User(string name, string account = Account) => Principal.User(account, CanonicalOf(account), name);

    public static Principal Root(string account = Account) => Principal.Root(account, CanonicalOf(account));

    public static Principal Session(string role, string session, string account = Account) => Principal.Session(account, CanonicalOf(account), role, session);

    public static AccessRequest Request(Principal principal, string action, string path, AccessContext? context = null) => new(principal, AccessActions.Get(action), Arn.OfS3(path), Account, context ?? AccessContext.Empty);

    public static PolicyDocument Identity(string json) => PolicyDocument.Parse(PolicyKind.Identity, Encoding.UTF8.GetBytes(json));

    public static PolicyDocument Bucket(string json, string bucket = "bucket") => PolicyDocument.ParseOfBucket(bucket, Encoding.UTF8.GetBytes(json));

    /// <summary>A policy of one statement.</summary>
    public static string Statement(string effect, string actions, string resources, string? principal = null, string? condition = null) =>
        $$"""{"Version":"2012-10-17","Statement":[{"Effect":"{{effect}}",{{(principal is null ? "" : $"\"Principal\":{principal},")}}"Action":{{actions}},"Resource":{{resources}}{{(condition is null ? "" : $",\"Condition\":{condition}")}}}]}""";

    public static PolicyDocument Allow(string action, string path) => Identity(Statement("Allow", $"\"{action}\"", $"\"arn:aws:s3:::{path}\""));

    public static PolicyDocument Deny(string action, string path) => Identity(Statement("Deny", $"\"{action}\"", $"\"arn:aws:s3:::{path}\""));

    public static PolicyDocument BucketAllow(string principal, string action = "s3:GetObject", string path = "bucket/*") => Bucket(Statement("Allow", $"\"{action}\"", $"\"arn:aws:s3:::{path}\"", principal));
}
