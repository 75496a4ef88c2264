using System.Text;
using Oort.Access.Policies;
using Oort.Access.Tests.Support;
using Shouldly;
using Xunit;

namespace Oort.Access.Tests.Policies;

public sealed class PolicyReaderTests
{
    private const string Good = """{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"one","Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::bucket/*"],"Condition":{"StringEquals":{"aws:Referer":"a"}}}]}""";

    [Theory]
    [InlineData("", "")]
    [InlineData("\"2012-10-17\"", "\"2008-10-17\"")]
    [InlineData("\"Version\":\"2012-10-17\",", "")]
    [InlineData("[\"s3:GetObject\"]", "\"S3:getobject\"")]
    [InlineData("[\"s3:GetObject\"]", "\"*\"")]
    [InlineData("[\"s3:GetObject\"]", "\"s3:Get*\"")]
    [InlineData("\"Action\"", "\"NotAction\"")]
    [InlineData("\"Allow\",\"Principal\"", "\"Deny\",\"NotPrincipal\"")]
    [InlineData("{\"AWS\":[\"*\"]}", "\"*\"")]
    [InlineData("[\"*\"]", "\"111122223333\"")]
    [InlineData("[\"*\"]", "\"arn:aws:iam::111122223333:root\"")]
    [InlineData("[\"*\"]", "[\"arn:aws:iam::111122223333:user/path/ann\",\"arn:aws:iam::111122223333:role/r\",\"arn:aws:sts::111122223333:assumed-role/r/s\"]")]
    [InlineData("{\"AWS\":[\"*\"]}", "{\"CanonicalUser\":\"0000000000000000000000000000000000000000000000000000111122223333\"}")]
    [InlineData("{\"AWS\":[\"*\"]}", "{\"Service\":\"logging.s3.amazonaws.com\"}")]
    [InlineData("[\"arn:aws:s3:::bucket/*\"]", "[\"arn:aws:s3:::*\",\"arn:aws:s3:::*/*\"]")]
    [InlineData("[\"arn:aws:s3:::bucket/*\"]", "\"*\"")]
    [InlineData("[\"arn:aws:s3:::bucket/*\"]", "\"arn:aws:s3:::bucket/a:b/${aws:username}\"")]
    [InlineData("\"aws:Referer\":\"a\"", "\"aws:Referer\":[\"a\",\"b\"],\"s3:max-keys\":10,\"aws:SecureTransport\":true")]
    [InlineData("[{\"Sid\":\"one\"", "{\"Sid\":\"one\"", "}}}]}", "}}}}")]
    public void ReadOfBucket_WhatTheLanguageHas_IsTaken(string old, string now, string oldEnd = "", string nowEnd = "")
    {
        var json = Changed(old, now, oldEnd, nowEnd);
        Requests.Bucket(json).Kind.ShouldBe(PolicyKind.Bucket);
    }

    [Theory]
    [InlineData("{\"Version\"", "[\"Version\"", "JSON")]
    [InlineData("\"Id\":\"x\"", "\"Name\":\"x\"", "no element Name")]
    [InlineData("\"Id\":\"x\"", "\"Id\":1", "Id is text")]
    [InlineData("\"Id\":\"x\"", "\"Id\":\"x\",\"Id\":\"x\"", "JSON")]
    [InlineData("2012-10-17", "2026-01-01", "version 2026-01-01")]
    [InlineData("\"Sid\":\"one\"", "\"sid\":\"one\"", "no element sid")]
    [InlineData("\"Principal\"", "\"NotPrincipal\"", "Allow with NotPrincipal")]
    [InlineData("\"Allow\"", "\"allow\"", "Effect")]
    [InlineData("\"Effect\":\"Allow\",", "", "Effect")]
    [InlineData("\"Principal\":{\"AWS\":[\"*\"]},", "", "no Principal")]
    [InlineData("{\"AWS\":[\"*\"]}", "{}", "nobody")]
    [InlineData("{\"AWS\":[\"*\"]}", "{\"Google\":\"*\"}", "no element Google")]
    [InlineData("{\"AWS\":[\"*\"]}", "\"ann\"", "no kind")]
    [InlineData("{\"AWS\":[\"*\"]}", "[\"*\"]", "Principal")]
    [InlineData("[\"*\"]", "\"arn:aws:iam::111122223333:user/*\"", "no principal")]
    [InlineData("[\"*\"]", "\"arn:aws:iam::1111:user/ann\"", "no principal")]
    [InlineData("[\"*\"]", "\"arn:aws:s3:::bucket\"", "no principal")]
    [InlineData("[\"*\"]", "[]", "no values")]
    [InlineData("[\"*\"]", "[null]", "text")]
    [InlineData("\"Action\":[\"s3:GetObject\"],", "", "no Action")]
    [InlineData("\"Action\":[\"s3:GetObject\"]", "\"Action\":[\"s3:GetObject\"],\"NotAction\":\"s3:PutObject\"", "either Action or NotAction")]
    [InlineData("s3:GetObject", "s3.*", "no action")]
    [InlineData("s3:GetObject", "s3:GetObjects", "no action s3:GetObjects")]
    [InlineData("s3:GetObject", "ec2:RunInstances", "no action on buckets")]
    [InlineData("s3:GetObject", "", "no action")]
    [InlineData("\"Resource\":[\"arn:aws:s3:::bucket/*\"],", "", "no Resource")]
    [InlineData("arn:aws:s3:::bucket/*", "arn:aws:s3:::other/*", "not of bucket")]
    [InlineData("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucke", "not of bucket")]
    [InlineData("arn:aws:s3:::bucket/*", "arn:aws:iam::111122223333:user/ann", "not of bucket")]
    [InlineData("arn:aws:s3:::bucket/*", "bucket/*", "no resource")]
    [InlineData("arn:aws:s3:::bucket/*", "arn:aws:s3:::", "no resource")]
    [InlineData("arn:aws:s3:::bucket/*", "arn:aws:s3::${aws:username}:bucket/*", "last part")]
    [InlineData("StringEquals", "StringSame", "no condition operator")]
    [InlineData("aws:Referer", "aws:Referrer", "no condition key")]
    [InlineData("{\"aws:Referer\":\"a\"}", "\"aws:Referer\"", "object")]
    [InlineData("{\"StringEquals\":{\"aws:Referer\":\"a\"}}", "[]", "object")]
    [InlineData("\"a\"}", "{\"b\":\"a\"}}", "text")]
    [InlineData("}]}", "}]}x", "JSON")]
    [InlineData("\"x\"", "\"\\uD800\"", "JSON")]
    [InlineData("\"Id\"", "\"\\uD800\"", "JSON")]
    public void ReadOfBucket_WhatItHasNot_IsRefusedInASentence(string old, string now, string sentence)
    {
        var failure = Should.Throw<PolicyException>(() => Requests.Bucket(Changed(old, now)));
        failure.Message.ShouldContain(sentence);
    }

    [Fact]
    public void Read_EveryTruncation_IsRefused()
    {
        var bytes = Encoding.UTF8.GetBytes(Good);
        for (var length = 0; length < bytes.Length; length++) Should.Throw<PolicyException>(() => PolicyDocument.ParseOfBucket("bucket", bytes.AsMemory(0, length)));
    }

    [Fact]
    public void Read_MoreThanTheLimits_IsRefused()
    {
        var statement = Good[(Good.IndexOf('[', StringComparison.Ordinal) + 1)..^2].Replace("\"Sid\":\"one\",", "", StringComparison.Ordinal);
        Should.Throw<PolicyException>(() => Requests.Bucket($$"""{"Statement":[{{string.Join(',', Enumerable.Repeat(statement, 200))}}]}""")).Message.ShouldContain("bytes");
        var small = """{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}""";
        Requests.Bucket($$"""{"Statement":[{{string.Join(',', Enumerable.Repeat(small, PolicyLimits.StatementCountMax))}}]}""").Statements.Length.ShouldBe(PolicyLimits.StatementCountMax);
        Should.Throw<PolicyException>(() => Requests.Bucket($$"""{"Statement":[{{string.Join(',', Enumerable.Repeat(small, PolicyLimits.StatementCountMax + 1))}}]}""")).Message.ShouldContain("statements");
        Should.Throw<PolicyException>(() => Requests.Bucket("""{"Statement":[]}""")).Message.ShouldContain("statements");
        Should.Throw<PolicyException>(() => Requests.Bucket(new string('[', 10_000))).Message.ShouldContain("JSON");
    }

    [Theory]
    [InlineData(PolicyKind.Identity, "\"Resource\":\"*\"", true)]
    [InlineData(PolicyKind.Identity, "\"Resource\":\"*\",\"Principal\":\"*\"", true)]
    [InlineData(PolicyKind.Identity, "\"Resource\":\"*\",\"NotPrincipal\":\"*\"", false)]
    [InlineData(PolicyKind.Identity, "\"Resource\":\"*\",\"Principal\":{\"AWS\":\"111111111111\"}", false)]
    [InlineData(PolicyKind.Trust, "\"Principal\":{\"Federated\":\"arn:aws:iam::111111111111:oidc-provider/id.example.com/realm\"}", true)]
    [InlineData(PolicyKind.Trust, "\"Principal\":{\"Federated\":\"ethereum\"}", true)]
    [InlineData(PolicyKind.Trust, "\"Principal\":{\"Federated\":\"id.example.com\"}", false)]
    [InlineData(PolicyKind.Identity, "\"Sid\":\"\"", false)]
    [InlineData(PolicyKind.Session, "\"NotResource\":\"*\"", true)]
    [InlineData(PolicyKind.Trust, "\"Principal\":\"*\"", true)]
    [InlineData(PolicyKind.Trust, "\"Principal\":\"*\",\"Resource\":\"*\"", false)]
    [InlineData(PolicyKind.Trust, "\"Sid\":\"\"", false)]
    public void Read_EachKind_HasWhatItMustHaveAndNothingElse(PolicyKind kind, string rest, bool isGood)
    {
        var json = Encoding.UTF8.GetBytes($$"""{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole",{{rest}} } }""");
        if (isGood) PolicyDocument.Parse(kind, json).Kind.ShouldBe(kind);
        else Should.Throw<PolicyException>(() => PolicyDocument.Parse(kind, json));
    }

    [Theory]
    [InlineData("ec2:Run*", true)]
    [InlineData("iam:CreateUser", true)]
    [InlineData("iam:MakeUser", false)]
    [InlineData("s3:*Tagging", true)]
    [InlineData("s3:*Nothing", false)]
    [InlineData("*:*", true)]
    [InlineData("s3", false)]
    [InlineData("s3:", false)]
    [InlineData(":x", false)]
    [InlineData("s3:Get Object", false)]
    public void ReadOfIdentity_Actions_OfServicesThatAreHereExist(string action, bool isGood)
    {
        var json = Requests.Statement("Allow", $"\"{action}\"", "\"*\"");
        if (isGood) Requests.Identity(json).Statements.Length.ShouldBe(1);
        else Should.Throw<PolicyException>(() => Requests.Identity(json));
    }

    [Theory]
    [InlineData("\"*\"", null, true)]
    [InlineData("{\"AWS\":\"*\"}", null, true)]
    [InlineData("{\"AWS\":\"111122223333\"}", null, false)]
    [InlineData("\"*\"", "{\"StringEquals\":{\"aws:Referer\":\"a\"}}", true)]
    [InlineData("\"*\"", "{\"IpAddress\":{\"aws:SourceIp\":\"203.0.113.0/24\"}}", false)]
    [InlineData("\"*\"", "{\"IpAddress\":{\"aws:SourceIp\":\"0.0.0.0/0\"}}", true)]
    [InlineData("\"*\"", "{\"IpAddress\":{\"aws:SourceIp\":[\"203.0.113.0/24\",\"::/0\"]}}", true)]
    [InlineData("\"*\"", "{\"StringEquals\":{\"aws:PrincipalAccount\":\"111122223333\"}}", false)]
    [InlineData("\"*\"", "{\"StringLike\":{\"aws:PrincipalAccount\":\"1*\"}}", true)]
    [InlineData("\"*\"", "{\"StringNotEquals\":{\"aws:PrincipalAccount\":\"111122223333\"}}", true)]
    [InlineData("\"*\"", "{\"StringEqualsIfExists\":{\"aws:PrincipalAccount\":\"111122223333\"}}", true)]
    public void IsPublic_IsWhetherAnybodyCouldBeLetIn(string principal, string? condition, bool expected) =>
        Requests.Bucket(Requests.Statement("Allow", "\"s3:GetObject\"", "\"arn:aws:s3:::bucket/*\"", principal, condition)).IsPublic.ShouldBe(expected);

    [Fact]
    public void IsPublic_OfWhatDenies_IsNot() => Requests.Bucket(Requests.Statement("Deny", "\"s3:GetObject\"", "\"*\"", "\"*\"")).IsPublic.ShouldBeFalse();

    private static string Changed(string old, string now, string oldEnd = "", string nowEnd = "")
    {
        var json = Good;
        if (old.Length > 0)
        {
            json.ShouldContain(old);
            json = json.Replace(old, now, StringComparison.Ordinal);
        }

        if (oldEnd.Length == 0) return json;
        json.ShouldEndWith(oldEnd);
        return json[..^oldEnd.Length] + nowEnd;
    }
}
