using System.Text.Json;

namespace Oort.Access.Tests.Support;

/// <summary>Policies, requests and what is known of them, drawn so that statements often meet.</summary>
internal sealed class RandomPolicies(int seed)
{
    private static readonly string[] actions = ["s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*", "*", "S3:getobject", "s3:?utObject", "s3:DeleteObject*"];
    private static readonly string[] resources = ["*", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a*", "arn:aws:s3:::b*", "arn:aws:s3:::bucket/a/?", "arn:aws:s3:::bucket/${aws:username}/*", "arn:*:s3:::bucket/a/b"];
    private static readonly string[] principals = ["*", "111122223333", "arn:aws:iam::111122223333:root", "444455556666", "arn:aws:iam::111122223333:user/ann", "arn:aws:iam::444455556666:user/ann", "arn:aws:iam::111122223333:role/r", "arn:aws:sts::111122223333:assumed-role/r/s"];

    private static readonly (string Op, string Key, string[] Values)[] conditions =
    [
        ("StringEquals", "aws:username", ["ann", "bob"]), ("StringNotEquals", "aws:username", ["ann", "bob"]), ("StringLike", "s3:prefix", ["a*", "?b", "${aws:username}"]), ("StringNotLike", "s3:prefix", ["a*", "*"]),
        ("StringEqualsIfExists", "s3:prefix", ["ab", "cb"]), ("NumericLessThan", "s3:max-keys", ["10", "100"]), ("Bool", "aws:SecureTransport", ["true", "false"]), ("Null", "s3:prefix", ["true", "false"]),
        ("ForAllValues:StringEquals", "s3:RequestObjectTagKeys", ["x", "y"]), ("ForAnyValue:StringEquals", "s3:RequestObjectTagKeys", ["x", "y"]), ("ForAllValues:StringNotEquals", "s3:RequestObjectTagKeys", ["x", "z"]),
        ("ForAnyValue:StringNotLike", "s3:RequestObjectTagKeys", ["x*", "z"]),
    ];

    private readonly Random random = new(seed);

    public string Identity(string? effect = null) => Policy(isOfBucket: false, effect);

    public string Bucket(string? effect = null) => Policy(isOfBucket: true, effect);

    public List<string> Several(int most) => [.. Enumerable.Range(0, random.Next(most + 1)).Select(_ => Identity())];

    public string? Maybe(Func<string?> make) => random.Next(2) == 0 ? null : make();

    public Principal Principal() => random.Next(6) switch
    {
        0 => Access.Principal.Anonymous,
        1 => Requests.Root(random.Next(2) == 0 ? Requests.Account : Requests.OtherAccount),
        2 => Requests.Session("r", random.Next(2) == 0 ? "s" : "t"),
        3 => Requests.User("ann", Requests.OtherAccount),
        _ => Requests.User(random.Next(2) == 0 ? "ann" : "bob"),
    };

    /// <summary>Mostly none, so that policies decide too.</summary>
    public ListMatch Listed() => random.Next(6) switch
    {
        0 => ListMatch.Account,
        1 => ListMatch.Anybody,
        _ => ListMatch.None,
    };

    public string Action() => Pick(["s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"]);

    public string Path() => Pick(["bucket/a/b", "bucket/ann/x", "bucket/c", "bucket/a:b"]);

    public FakeContext Context()
    {
        var values = new List<(string, string)>();
        if (random.Next(3) > 0) values.Add(("aws:username", Pick(["ann", "bob"])));
        if (random.Next(3) > 0) values.Add(("s3:prefix", Pick(["ab", "cb", "ann"])));
        if (random.Next(2) > 0) values.Add(("s3:max-keys", Pick(["5", "50"])));
        if (random.Next(2) > 0) values.Add(("aws:SecureTransport", Pick(["true", "false"])));
        values.AddRange(Enumerable.Range(0, random.Next(3)).Select(_ => ("s3:RequestObjectTagKeys", Pick(["x", "y", "z"]))));
        return new([.. values]);
    }

    private string Policy(bool isOfBucket, string? effect) => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["Version"] = "2012-10-17",
        ["Statement"] = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Statement(isOfBucket, effect)).ToList(),
    });

    private Dictionary<string, object> Statement(bool isOfBucket, string? effect)
    {
        var statement = new Dictionary<string, object>
        {
            ["Effect"] = effect ?? (random.Next(4) == 0 ? "Deny" : "Allow"),
            [random.Next(8) == 0 ? "NotAction" : "Action"] = Some(actions),
            [random.Next(8) == 0 ? "NotResource" : "Resource"] = Some(resources),
        };
        if (isOfBucket) statement[random.Next(8) == 0 && (string)statement["Effect"] == "Deny" ? "NotPrincipal" : "Principal"] = new Dictionary<string, object> { ["AWS"] = Some(principals) };
        if (random.Next(3) > 0) return statement;
        var (op, key, values) = conditions[random.Next(conditions.Length)];
        statement["Condition"] = new Dictionary<string, object> { [op] = new Dictionary<string, object> { [key] = op == "Null" ? Pick(values) : Some(values) } };
        return statement;
    }

    private string[] Some(string[] from) => [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => Pick(from)).Distinct()];

    private string Pick(string[] from) => from[random.Next(from.Length)];
}
