using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Oort.Access;
using Oort.Access.Policies;

namespace Oort.Benchmarks.Access;

/// <summary>`Oort.Benchmarks access`: what a decision costs, with 10,000 users of three policies each and a bucket's policy of 20 statements, of which the request meets the last.</summary>
internal static class AccessBenchmark
{
    private const int UserCount = 10_000;
    private const int StatementCount = 20;
    private const int RoundCount = 21;
    private const int DecisionCount = 100_000;
    private const string Account = "111122223333";

    private static readonly TimeSpan warmUp = TimeSpan.FromSeconds(2);

    /// <returns>0, or 2 when the arguments cannot be understood.</returns>
    public static int Run(string[] args)
    {
        if (args.Length > 0)
        {
            Console.Error.WriteLine("access takes no arguments.");
            return 2;
        }

        var bucket = PolicyDocument.ParseOfBucket("bucket", Encoding.UTF8.GetBytes(BucketPolicy()));
        var users = Enumerable.Range(0, UserCount).Select(number => Principal.User(Account, "", $"user{number}")).ToArray();
        var policies = users.ToFrozenDictionary(user => user.Arn, user => new AccessPolicies { Resource = bucket, Identity = [Identity("s3:GetBucketLocation", "*"), Identity("s3:PutObject", "arn:aws:s3:::other/*"), Identity("s3:GetObject", "arn:aws:s3:::bucket/${aws:username}/*")] });
        var action = AccessActions.Get("s3:GetObject");
        var (allowed, context) = (0, new Facts());

        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < warmUp) Decide(1_000);
        var times = Enumerable.Range(0, RoundCount).Select(_ =>
        {
            var begun = Stopwatch.GetTimestamp();
            Decide(DecisionCount);
            return Stopwatch.GetElapsedTime(begun).TotalMicroseconds / DecisionCount;
        }).Order().ToArray();
        if (allowed == 0) throw new InvalidOperationException("Nothing was allowed: this has measured something else.");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a decision, {UserCount:N0} users, {StatementCount} statements: {times[0]:0.00} µs at least, {times[RoundCount / 2]:0.00} in the middle, {times[^1]:0.00} at most ({RoundCount} rounds of {DecisionCount:N0})"));
        return 0;

        void Decide(int count)
        {
            for (var i = 0; i < count; i++)
            {
                // Users far from each other, as no cache would have it.
                var number = (int)((uint)i * 2_654_435_761 % UserCount);
                context.UserName = $"user{number}";
                var request = new AccessRequest(users[number], action, Arn.OfS3($"bucket/user{number}/photo.jpg"), Account, context);
                if (AccessEvaluator.Decide(request, policies[users[number].Arn]).IsAllowed) allowed++;
            }
        }
    }

    /// <summary>Statements on the same action that each miss the request by another of their parts.</summary>
    private static string BucketPolicy()
    {
        string[] kinds =
        [
            """{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}""",
            """{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::bucket/secret/*"}""",
            """{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::bucket/*","Condition":{"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.0/24"]}}}""",
            """{"Effect":"Allow","Principal":"*","Action":["s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::bucket/inbox/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}""",
        ];
        return $$"""{"Version":"2012-10-17","Statement":[{{string.Join(',', Enumerable.Range(0, StatementCount).Select(number => kinds[number % kinds.Length]))}}]}""";
    }

    private static PolicyDocument Identity(string actions, string resource) => PolicyDocument.Parse(PolicyKind.Identity, Encoding.UTF8.GetBytes($$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"{{actions}}","Resource":"{{resource}}"}]}"""));

    private sealed class Facts : AccessContext
    {
        public string UserName { get; set; } = "";

        public override bool TryFind(ConditionKey key, string name, out ConditionValue value)
        {
            var text = key.Name switch { "aws:SourceIp" => "203.0.113.77", "aws:SecureTransport" => "true", "aws:username" => UserName, _ => null };
            value = text is null ? default : new(text);
            return text is not null;
        }
    }
}
