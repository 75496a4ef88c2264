using System.Text;
using System.Text.Json;
using Oort.Backends.Crust.Tests.Support;
using Oort.Evm;

namespace Oort.Backends.Crust.Tests.Auth;

/// <summary>Tokens as others make and check them (tests/vectors/crust).</summary>
public sealed class W3AuthTokenTests
{
    private static readonly JsonElement vectors = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "vectors", "crust", "w3auth.json"))).RootElement;

    [Fact]
    public void Of_TheKeyOfTheVector_IsItsToken()
    {
        var eth = vectors.GetProperty("eth");
        using var key = EvmKey.FromHex(eth.GetProperty("private_key").GetString()!);
        var token = W3AuthToken.Of(key);
        token.Account.ShouldBe("eth-" + eth.GetProperty("address").GetString());
        var (basic, bearer) = (token.ToBasic(), token.ToBearer());
        $"{basic.Scheme} {basic.Value}".ShouldBe(eth.GetProperty("authorization_basic").GetString());
        $"{bearer.Scheme} {bearer.Value}".ShouldBe(eth.GetProperty("authorization_bearer").GetString());
        token.ToString().ShouldBe($"{token.Account} ***");
        W3AuthCheck.Account($"Bearer {bearer.Value}", "Bearer").ShouldBe(eth.GetProperty("address").GetString());
    }

    [Theory]
    [InlineData("eth")]
    [InlineData("sol")]
    public void Parse_TheTokensOfTheVectors_AreTakenOver(string chain)
    {
        var vector = vectors.GetProperty(chain);
        var token = W3AuthToken.Parse(vector.GetProperty("authorization_basic").GetString()![6..]);
        token.Account.ShouldBe($"{chain}-{vector.GetProperty("address").GetString()}");
        token.ToBasic().Value.ShouldBe(vector.GetProperty("authorization_basic").GetString()![6..]);
    }

    [Fact]
    public void Parse_AllSpellingsOfAnEthereumAccount_AreChecked()
    {
        var plain = vectors.GetProperty("eth").GetProperty("plain").GetString()!;
        foreach (var chain in new[] { "eth", "ethereum", "pol", "polygon" })
        {
            var named = chain + plain[3..];
            W3AuthToken.Parse(Encoded(named)).Account.ShouldStartWith(chain + "-");
            // Without 0x before the signature, as some wallets give it.
            W3AuthToken.Parse(Encoded(named.Replace(":0x", ":", StringComparison.Ordinal)));
            Refused(Encoded(Flipped(named, named.IndexOf(':', StringComparison.Ordinal) + 10)));
            Refused(Encoded(Flipped(named, named.IndexOf('-', StringComparison.Ordinal) + 10)));
            // The text that was signed is that of the cases as they were.
            Refused(Encoded(named.Replace(vectors.GetProperty("eth").GetProperty("address").GetString()!, vectors.GetProperty("eth").GetProperty("address").GetString()!.ToLowerInvariant(), StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Parse_WhatIsNoToken_IsRefusedWithoutRepeatingIt()
    {
        var plain = vectors.GetProperty("eth").GetProperty("plain").GetString()!;
        foreach (var text in new[] { "", "%%%", Encoded(""), Encoded("eth-0x1"), Encoded(":"), Encoded("a:"), Encoded(":b"), Encoded(plain + ":c"), Encoded(plain[..^2]), Encoded(plain + "00"), Encoded("sub-\u00e4:b"), Encoded("sub-a b:c"), Encoded("sub-a\n:c"), Encoded("sub-" + new string('a', 2000) + ":b") })
            Refused(text);
    }

    private static void Refused(string token)
    {
        var message = Should.Throw<FormatException>(() => W3AuthToken.Parse(token), token).Message;
        if (token.Length > 8) message.ShouldNotContain(token);
    }

    private static string Encoded(string plain) => Convert.ToBase64String(Encoding.UTF8.GetBytes(plain));

    private static string Flipped(string text, int index)
    {
        var letters = text.ToCharArray();
        letters[index] = letters[index] == '1' ? '2' : '1';
        return new(letters);
    }
}
