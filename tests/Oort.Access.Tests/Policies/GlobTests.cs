using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Oort.Access.Policies;
using Shouldly;
using Xunit;

namespace Oort.Access.Tests.Policies;

public sealed class GlobTests
{
    private static readonly Gen<string> patterns = Gen.Elements('a', 'b', 'B', '*', '?', '.').ArrayOf().Select(characters => new string(characters));
    private static readonly Gen<string> subjects = Gen.Elements('a', 'b', 'B', '.', '*').ArrayOf().Select(characters => new string(characters));

    [Fact]
    public void Matches_AnyPatternAndText_AsARegularExpressionDoes() =>
        Prop.ForAll(Gen.Zip(patterns, subjects).ToArbitrary(), pair =>
        {
            var (pattern, subject) = pair;
            var expression = "^" + Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal) + "$";
            foreach (var ignoreCase in (bool[])[false, true])
                Glob.Parse(pattern).Matches(subject, ignoreCase).ShouldBe(Regex.IsMatch(subject, expression, RegexOptions.Singleline | (ignoreCase ? RegexOptions.IgnoreCase | RegexOptions.CultureInvariant : RegexOptions.None)), $"{pattern} on {subject}");
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void MatchesSomethingIn_WhereSomeLongerTextMatches_IsTrue() =>
        Prop.ForAll(Gen.Zip(patterns, Gen.Zip(subjects, subjects)).ToArbitrary(), triple =>
        {
            var (pattern, (beginning, rest)) = triple;
            if (Glob.Parse(pattern).Matches(beginning + rest)) Glob.Parse(pattern).MatchesSomethingIn(beginning).ShouldBeTrue($"{pattern} in {beginning}");
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("bucket", "bucket/", false)]
    [InlineData("bucket/*", "bucket/", true)]
    [InlineData("buck*", "bucket/", true)]
    [InlineData("buck?t/x", "bucket/", true)]
    [InlineData("*x", "bucket/", true)]
    [InlineData("bucke", "bucket/", false)]
    [InlineData("other/*", "bucket/", false)]
    public void MatchesSomethingIn_ABucket_IsWhetherAKeyOfItCanMatch(string pattern, string beginning, bool expected) => Glob.Parse(pattern).MatchesSomethingIn(beginning).ShouldBe(expected);

    [Fact]
    public void Matches_PatternMadeToBeSlow_TakesBoundedSteps()
    {
        var pattern = string.Concat(Enumerable.Repeat("*a", 500)) + "b";
        Glob.Parse(pattern).Matches(new string('a', 1_024)).ShouldBeFalse();
    }
}
