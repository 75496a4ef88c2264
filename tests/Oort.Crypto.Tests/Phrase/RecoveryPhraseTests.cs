using System.Security.Cryptography;
using Oort.Crypto.Tests.Vectors;
using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Phrase;

public sealed class RecoveryPhraseTests
{
    private const string SomeWords =
        "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length";

    /// <summary>The 256-bit English vectors of BIP-39's reference implementation.</summary>
    public static TheoryData<string, string> Official => new()
    {
        { new('0', 64), string.Concat(Enumerable.Repeat("abandon ", 23)) + "art" },
        { string.Concat(Enumerable.Repeat("7f", 32)), string.Concat(Enumerable.Repeat("legal winner thank year wave sausage worth useful ", 2)) + "legal winner thank year wave sausage worth title" },
        { string.Concat(Enumerable.Repeat("80", 32)), string.Concat(Enumerable.Repeat("letter advice cage absurd amount doctor acoustic avoid ", 2)) + "letter advice cage absurd amount doctor acoustic bless" },
        { new('f', 64), string.Concat(Enumerable.Repeat("zoo ", 23)) + "vote" },
        { "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c", SomeWords },
        { "9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863", "panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich alcohol speed nation flash devote level hobby quick inner drive ghost inside" },
        { "066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad", "all hour make first leader extend hole alien behind guard gospel lava path output census museum junior mass reopen famous sing advance salt reform" },
        { "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f", "void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten exist slush involve unfold" },
    };

    [Fact]
    public void WordList_AsEmbedded_IsTheOfficialOne()
    {
        var path = Path.Combine(Repository.Root, "Gateway", "Oort.Crypto", "Phrase", "bip39-english.txt");
        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))).ShouldBe("2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
        string.Concat(Enumerable.Range(0, WordList.Count).Select(index => WordList.Word(index) + "\n")).ShouldBe(File.ReadAllText(path));
    }

    [Theory]
    [MemberData(nameof(Official))]
    public void WordsAndTryParse_OfficialVector_AreInverse(string entropy, string words)
    {
        using var phrase = new RecoveryPhrase(Convert.FromHexString(entropy));
        phrase.Words.ShouldBe(words);

        RecoveryPhrase.TryParse(words, out var parsed, out var error).ShouldBeTrue();

        error.ShouldBeNull();
        using var root = parsed!.DeriveRoot();
        root.Span.ToArray().ShouldBe(Convert.FromHexString(entropy));
        using var again = root.ToPhrase();
        again.Words.ShouldBe(words);
        parsed.Dispose();
    }

    [Theory]
    [InlineData("  \t" + SomeWords + "\r\n")]
    public void TryParse_SpaceAroundAndOtherCase_IsAccepted(string words)
    {
        RecoveryPhrase.TryParse(words.ToUpperInvariant().Replace(" ", " \n ", StringComparison.Ordinal), out var phrase, out _).ShouldBeTrue();
        phrase!.Words.ShouldBe(SomeWords);
        phrase.Dispose();
    }

    [Theory]
    [InlineData("", "24 words; 0 were given")]
    [InlineData("hamster diagram", "24 words; 2 were given")]
    [InlineData(SomeWords + " length", "24 words; 25 were given")]
    [InlineData("hamsters" + " diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length", "Word 1 ")]
    [InlineData("hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay lengthy", "Word 24 ")]
    [InlineData("diagram hamster private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length", "does not add up")]
    [InlineData("hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay lens", "does not add up")]
    public void TryParse_NotAPhrase_SaysWhyWithoutTheWords(string words, string part)
    {
        RecoveryPhrase.TryParse(words, out var phrase, out var error).ShouldBeFalse();
        phrase.ShouldBeNull();
        error.ShouldNotBeNull().ShouldContain(part);
        error.ShouldNotContain("hamster");
        error.ShouldNotContain("length");
    }

    [Fact]
    public void TryParse_MuchTooLong_IsRefused()
    {
        RecoveryPhrase.TryParse(new string('a', 1_000_000), out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain("too long");
    }

    [Fact]
    public void Generate_Twice_GivesValidAndDifferentPhrases()
    {
        using var first = RecoveryPhrase.Generate();
        using var second = RecoveryPhrase.Generate();
        first.Words.ShouldNotBe(second.Words);
        RecoveryPhrase.TryParse(first.Words, out var parsed, out _).ShouldBeTrue();
        parsed!.Dispose();
    }

    [Fact]
    public void Generate_GivenGenerator_TakesItsBytes()
    {
        using var random = new CountingGenerator();
        using var phrase = RecoveryPhrase.Generate(random);
        using var root = phrase.DeriveRoot();
        root.Span.ToArray().ShouldBe([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    }

    [Fact]
    public void ToStringAndDispose_KeepTheSecret()
    {
        var phrase = RecoveryPhrase.Generate();
        var root = phrase.DeriveRoot();
        $"{phrase} {root}".ShouldBe("*** ***");
        phrase.Dispose();
        root.Dispose();
        Should.Throw<ObjectDisposedException>(() => phrase.Words);
        Should.Throw<ObjectDisposedException>(() => root.Span.Length);
    }

    private sealed class CountingGenerator : RandomNumberGenerator
    {
        public override void GetBytes(byte[] data) => GetBytes(data.AsSpan());

        public override void GetBytes(Span<byte> data)
        {
            for (var i = 0; i < data.Length; i++) data[i] = (byte)i;
        }
    }
}
