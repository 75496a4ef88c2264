using Oort.Access.Policies;
using Oort.Access.Tests.Support;
using Shouldly;
using Xunit;

namespace Oort.Access.Tests.Policies;

public sealed class PolicyTextTests
{
    [Theory]
    [InlineData("home/${aws:username}/*", "home/ann/file", true)]
    [InlineData("home/${aws:username}/*", "home/bob/file", false)]
    [InlineData("home/${AWS:UserName}/*", "home/ann/file", true)]
    [InlineData("${aws:PrincipalTag/team, 'none'}/x", "none/x", true)]
    [InlineData("${aws:PrincipalTag/star}/x", "*/x", true)]
    [InlineData("${aws:PrincipalTag/star}/x", "any/x", false)]
    [InlineData("${aws:PrincipalTag/team}/x", "/x", false)]
    [InlineData("a${*}b", "a*b", true)]
    [InlineData("a${*}b", "axb", false)]
    [InlineData("a${?}b${$}", "a?b$", true)]
    [InlineData("$x{", "$x{", true)]
    [InlineData("${s3:RequestObjectTagKeys}", "one", false)]
    public void Matches_WithVariables_AsTheyStandForTheRequest(string pattern, string subject, bool expected)
    {
        var context = new FakeContext(("aws:username", "ann"), ("aws:PrincipalTag/star", "*"), ("s3:RequestObjectTagKeys", "one"), ("s3:RequestObjectTagKeys", "two"));
        PolicyText.Parse(pattern, hasWildcards: true, hasVariables: true).Matches(subject, context).ShouldBe(expected);
    }

    [Fact]
    public void Matches_InTheOldVersion_VariablesAreText()
    {
        var text = PolicyText.Parse("${aws:username}", hasWildcards: true, hasVariables: false);
        text.Matches("${aws:username}", AccessContext.Empty).ShouldBeTrue();
        text.Matches("ann", new FakeContext(("aws:username", "ann"))).ShouldBeFalse();
    }

    [Theory]
    [InlineData("${aws:username")]
    [InlineData("${aws:nobody}")]
    [InlineData("${}")]
    [InlineData("${aws:PrincipalTag}")]
    [InlineData("${aws:PrincipalTag/}")]
    [InlineData("${aws:username, ann}")]
    [InlineData("${aws:username, 'ann}")]
    public void Parse_AVariableThatIsNone_IsRefused(string source) => Should.Throw<PolicyException>(() => PolicyText.Parse(source, hasWildcards: true, hasVariables: true)).Message.ShouldContain("variable");

    [Fact]
    public void Parse_TooManyVariables_IsRefused()
    {
        var sixteen = string.Concat(Enumerable.Repeat("${aws:username}", PolicyLimits.VariableCountMax));
        PolicyText.Parse(sixteen, hasWildcards: true, hasVariables: true).HasVariables.ShouldBeTrue();
        Should.Throw<PolicyException>(() => PolicyText.Parse(sixteen + "${aws:username}", hasWildcards: true, hasVariables: true));
    }
}
