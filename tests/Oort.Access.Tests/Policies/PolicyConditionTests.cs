using Oort.Access.Policies;
using Oort.Access.Tests.Support;
using Shouldly;
using Xunit;

namespace Oort.Access.Tests.Policies;

public sealed class PolicyConditionTests
{
    private const string Key = "s3:prefix";

    [Theory]
    [InlineData("StringEquals", "a", "a", true)]
    [InlineData("StringEquals", "a*", "ab", false)]
    [InlineData("StringEquals", "a", "A", false)]
    [InlineData("StringNotEquals", "a", "b", true)]
    [InlineData("StringNotEquals", "a", "a", false)]
    [InlineData("StringEqualsIgnoreCase", "a", "A", true)]
    [InlineData("StringNotEqualsIgnoreCase", "a", "A", false)]
    [InlineData("StringLike", "a*", "ab", true)]
    [InlineData("StringLike", "a?", "ab", true)]
    [InlineData("StringLike", "a?", "a", false)]
    [InlineData("StringNotLike", "a*", "ab", false)]
    [InlineData("NumericEquals", "10", "10.0", true)]
    [InlineData("NumericEquals", "10", "ten", false)]
    [InlineData("NumericNotEquals", "10", "11", true)]
    [InlineData("NumericNotEquals", "10", "10", false)]
    [InlineData("NumericLessThan", "10", "9.9", true)]
    [InlineData("NumericLessThan", "10", "10", false)]
    [InlineData("NumericLessThanEquals", "10", "10", true)]
    [InlineData("NumericLessThanEquals", "10", "11", false)]
    [InlineData("NumericGreaterThan", "-1", "0", true)]
    [InlineData("NumericGreaterThan", "10", "10", false)]
    [InlineData("NumericGreaterThan", "10", "ten", false)]
    [InlineData("NumericGreaterThanEquals", "10", "10", true)]
    [InlineData("NumericGreaterThanEquals", "10", "9", false)]
    [InlineData("DateEquals", "2026-11-23T00:00:00Z", "1795392000", true)]
    [InlineData("DateEquals", "2026-11-23", "2026-11-23T01:00:00+01:00", true)]
    [InlineData("DateNotEquals", "2026-11-23", "2026-11-23T00:00:00Z", false)]
    [InlineData("DateLessThan", "2026-11-23", "2026-11-22T23:59:59Z", true)]
    [InlineData("DateLessThan", "2026-11-23", "2026-11-23T00:00:00Z", false)]
    [InlineData("DateLessThanEquals", "2026-11-23", "2026-11-23T00:00:00Z", true)]
    [InlineData("DateLessThanEquals", "2026-11-23", "2026-11-23T00:00:00.001Z", false)]
    [InlineData("DateGreaterThan", "2026-11-23", "2026-11-23T00:00:00.001Z", true)]
    [InlineData("DateGreaterThan", "2026-11-23", "2026-11-23T00:00:00Z", false)]
    [InlineData("DateGreaterThanEquals", "2026-11-23", "2026-11-23T00:00:00Z", true)]
    [InlineData("DateGreaterThanEquals", "2026-11-23", "yesterday", false)]
    [InlineData("Bool", "true", "true", true)]
    [InlineData("Bool", "True", "true", true)]
    [InlineData("Bool", "true", "false", false)]
    [InlineData("Bool", "false", "maybe", false)]
    [InlineData("BinaryEquals", "AAEC", "AAEC", true)]
    [InlineData("BinaryEquals", "AAEC", "AAED", false)]
    [InlineData("IpAddress", "203.0.113.0/24", "203.0.113.77", true)]
    [InlineData("IpAddress", "203.0.113.9/24", "203.0.113.77", true)]
    [InlineData("IpAddress", "203.0.113.0/24", "::ffff:203.0.113.77", true)]
    [InlineData("IpAddress", "203.0.113.0/24", "203.0.114.1", false)]
    [InlineData("IpAddress", "203.0.113.7", "203.0.113.7", true)]
    [InlineData("IpAddress", "203.0.113.7", "203.0.113.8", false)]
    [InlineData("IpAddress", "2001:db8::/32", "2001:db8:1::1", true)]
    [InlineData("IpAddress", "2001:db8::/32", "203.0.113.8", false)]
    [InlineData("NotIpAddress", "203.0.113.0/24", "203.0.113.77", false)]
    [InlineData("NotIpAddress", "203.0.113.0/24", "203.0.114.1", true)]
    [InlineData("ArnEquals", "arn:aws:iam::111122223333:user/*", "arn:aws:iam::111122223333:user/ann", true)]
    [InlineData("ArnLike", "arn:aws:iam::*:user/ann", "arn:aws:iam::111122223333:user/ann", true)]
    [InlineData("ArnLike", "arn:aws:*:ann", "arn:aws:iam::111122223333:user/ann", null)]
    [InlineData("ArnLike", "arn:*:s3:::bucket", "arn:aws:iam:s3:::bucket", false)]
    [InlineData("ArnNotEquals", "arn:aws:iam::111122223333:user/*", "arn:aws:iam::111122223333:user/ann", false)]
    [InlineData("ArnNotLike", "arn:aws:iam::111122223333:user/*", "arn:aws:iam::111122223333:role/ann", true)]
    public void Holds_EachOperator_AsDocumented(string op, string value, string given, bool? expected)
    {
        if (expected is null) Should.Throw<PolicyException>(() => PolicyCondition.Parse(op, Key, [value], hasVariables: true));
        else Holds(op, [value], [given]).ShouldBe(expected.Value);
    }

    [Theory]
    [InlineData("StringEquals", false)]
    [InlineData("StringNotEquals", true)]
    [InlineData("StringEqualsIfExists", true)]
    [InlineData("StringNotEqualsIfExists", true)]
    [InlineData("ForAllValues:StringEquals", true)]
    [InlineData("ForAllValues:StringNotEquals", true)]
    [InlineData("ForAnyValue:StringEquals", false)]
    [InlineData("ForAnyValue:StringNotEquals", false)]
    [InlineData("ForAnyValue:StringEqualsIfExists", true)]
    public void Holds_WhereTheRequestHasNoSuchValue_AsDocumented(string op, bool expected) => Holds(op, ["a"], []).ShouldBe(expected);

    [Theory]
    [InlineData("true", false, true)]
    [InlineData("true", true, false)]
    [InlineData("false", true, true)]
    [InlineData("false", false, false)]
    public void Holds_Null_IsAboutPresence(string value, bool isThere, bool expected) => Holds("Null", [value], isThere ? ["x"] : []).ShouldBe(expected);

    [Theory]
    [InlineData("ForAllValues:StringEquals", "a,b", "a,b", true)]
    [InlineData("ForAllValues:StringEquals", "a,b", "a,c", false)]
    [InlineData("ForAnyValue:StringEquals", "a,b", "c,b", true)]
    [InlineData("ForAnyValue:StringEquals", "a,b", "c,d", false)]
    [InlineData("ForAllValues:StringNotEquals", "a,b", "c,d", true)]
    [InlineData("ForAllValues:StringNotEquals", "a,b", "c,a", false)]
    [InlineData("ForAnyValue:StringNotEquals", "a,b", "a,c", true)]
    [InlineData("ForAnyValue:StringNotEquals", "a,b", "a,b", false)]
    [InlineData("StringEquals", "a,b", "c,b", true)]
    [InlineData("StringNotEquals", "a,b", "c,b", false)]
    [InlineData("StringNotEquals", "a,b", "c,d", true)]
    public void Holds_SeveralValues_OneOfThePolicysIsEnoughForEach(string op, string values, string given, bool expected) => Holds(op, values.Split(','), given.Split(',')).ShouldBe(expected);

    [Theory]
    [InlineData("StringMatches", Key, "a")]
    [InlineData("stringequals", Key, "a")]
    [InlineData("StringEqualsIfExistsIfExists", Key, "a")]
    [InlineData("ForSomeValues:StringEquals", Key, "a")]
    [InlineData("NullIfExists", Key, "true")]
    [InlineData("ForAllValues:Null", Key, "true")]
    [InlineData("StringEquals", "s3:prefixes", "a")]
    [InlineData("StringEquals", "s3:ExistingObjectTag", "a")]
    [InlineData("StringEquals", "s3:ExistingObjectTag/", "a")]
    [InlineData("StringEquals", "s3:prefix/x", "a")]
    [InlineData("StringEquals", "aws:nothing", "a")]
    [InlineData("NumericEquals", "s3:max-keys", "ten")]
    [InlineData("NumericEquals", "s3:max-keys", "1e3")]
    [InlineData("DateEquals", "aws:CurrentTime", "tomorrow")]
    [InlineData("Bool", "aws:SecureTransport", "yes")]
    [InlineData("Null", Key, "perhaps")]
    [InlineData("IpAddress", "aws:SourceIp", "203.0.113.0/33")]
    [InlineData("IpAddress", "aws:SourceIp", "203.0.113.0/")]
    [InlineData("IpAddress", "aws:SourceIp", "localhost")]
    [InlineData("ArnEquals", "aws:PrincipalArn", "ann")]
    [InlineData("BinaryEquals", Key, "not base64!")]
    public void Parse_WhatIsNoConditionOfTheLanguage_IsRefused(string op, string key, string value) => Should.Throw<PolicyException>(() => PolicyCondition.Parse(op, key, [value], hasVariables: true));

    [Fact]
    public void Parse_NoValues_IsRefused() => Should.Throw<PolicyException>(() => PolicyCondition.Parse("StringEquals", Key, [], hasVariables: true));

    private static bool Holds(string op, string[] values, string[] given) =>
        PolicyCondition.Parse(op, "S3:Prefix", values, hasVariables: true).Holds(new FakeContext([.. given.Select(one => (Key, one))]));
}
