using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Oort.Identity.Texts;
using Oort.Identity.WebIdentity;
using Shouldly;
using Xunit;

namespace Oort.Identity.Tests.WebIdentity;

public sealed class WebIdentityVerifierTests : IAsyncDisposable
{
    private readonly VerifierWorld world = new();

    public static TheoryData<string, string?, WebIdentityError> WrongClaims => new()
    {
        { "iss", null, WebIdentityError.InvalidToken },
        { "iss", "\"https://elsewhere.example\"", WebIdentityError.InvalidToken },
        { "iss", "7", WebIdentityError.RejectedClaim },
        { "aud", null, WebIdentityError.InvalidToken },
        { "aud", "\"foreign\"", WebIdentityError.InvalidToken },
        { "aud", "\"APP\"", WebIdentityError.InvalidToken },
        { "aud", "[]", WebIdentityError.InvalidToken },
        { "aud", "[\"app\",\"foreign\"]", WebIdentityError.InvalidToken },
        { "aud", "[\"app\",\"other-app\"]", WebIdentityError.RejectedClaim },
        { "aud", "[\"app\",7]", WebIdentityError.RejectedClaim },
        { "aud", "{\"app\":true}", WebIdentityError.RejectedClaim },
        { "azp", "\"foreign\"", WebIdentityError.RejectedClaim },
        { "azp", "[\"app\"]", WebIdentityError.RejectedClaim },
        { "sub", null, WebIdentityError.RejectedClaim },
        { "sub", "\"\"", WebIdentityError.RejectedClaim },
        { "sub", "7", WebIdentityError.RejectedClaim },
        { "sub", "\"a\\u0000b\"", WebIdentityError.RejectedClaim },
        { "sub", $"\"{new string('s', 256)}\"", WebIdentityError.RejectedClaim },
        { "exp", null, WebIdentityError.RejectedClaim },
        { "exp", "\"1800000000\"", WebIdentityError.RejectedClaim },
        { "exp", "1e400", WebIdentityError.RejectedClaim },
        { "exp", "-1", WebIdentityError.RejectedClaim },
        { "iat", null, WebIdentityError.RejectedClaim },
        { "amr", "\"pwd\"", WebIdentityError.RejectedClaim },
        { "https://aws.amazon.com/tags", "[]", WebIdentityError.RejectedClaim },
        { "https://aws.amazon.com/tags", "{\"principal_tags\":{\"a\":[\"1\",\"2\"]}}", WebIdentityError.RejectedClaim },
        { "https://aws.amazon.com/tags", "{\"principal_tags\":{\"a\":[\"1\"],\"A\":[\"2\"]}}", WebIdentityError.RejectedClaim },
        { "https://aws.amazon.com/tags", "{\"principal_tags\":{\"a\":[\"1\"]},\"transitive_tag_keys\":[\"b\"]}", WebIdentityError.RejectedClaim },
    };

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Theory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    public async Task Verify_GoodToken_GivesItsClaims(string algorithm)
    {
        var claims = world.Claims("azp", "other-app");
        claims["aud"] = new JsonArray("app", "other-app");
        claims["amr"] = new JsonArray("pwd", "otp");
        claims["email"] = "ann@example.org";
        claims["https://aws.amazon.com/tags"] = JsonNode.Parse("""{"principal_tags":{"team":["red"],"cost":["7"]},"transitive_tag_keys":["team"]}""");
        var answer = await world.VerifyAsync((algorithm == "RS256" ? world.Rsa : world.Ec).Sign(claims));

        answer.Error.ShouldBe(WebIdentityError.None, answer.Reason);
        var found = answer.Claims.ShouldNotBeNull();
        found.Issuer.ShouldBe(world.Provider.Issuer);
        found.Subject.ShouldBe("ann");
        found.Audiences.ShouldBe(["app", "other-app"]);
        found.AuthorizedParty.ShouldBe("other-app");
        found.Audience.ShouldBe("other-app");
        found.Methods.ShouldBe(["pwd", "otp"]);
        found.Tags.ShouldBe([new("team", "red"), new("cost", "7")], ignoreOrder: true);
        found.TransitiveTagKeys.ShouldBe(["team"]);
        found.ExpiresAt.ShouldBe(VerifierWorld.Now.AddMinutes(10));
        found.Find("sub")!.Value.Single.ShouldBe("ann");
        found.Find("aud")!.Value.Single.ShouldBe("other-app");
        found.Find("oaud")!.Value.Count.ShouldBe(2);
        found.Find("amr")!.Value[1].ShouldBe("otp");
        found.Find("email")!.Value.Single.ShouldBe("ann@example.org");
        found.Find("exp").ShouldBeNull();
        found.Find("phone").ShouldBeNull();
    }

    [Theory]
    [MemberData(nameof(WrongClaims))]
    public async Task Verify_SignedButClaimWrong_IsRefused(string name, string? json, WebIdentityError error)
    {
        var claims = world.Claims();
        claims.Remove(name);
        var text = json is null ? claims.ToJsonString() : $"{claims.ToJsonString()[..^1]},\"{name}\":{json}}}";
        await ShouldRefuse(world.Rsa.Sign(text), error);
    }

    [Theory]
    [InlineData("exp", -59, WebIdentityError.None)]
    [InlineData("exp", -60, WebIdentityError.ExpiredToken)]
    [InlineData("nbf", 60, WebIdentityError.None)]
    [InlineData("nbf", 61, WebIdentityError.RejectedClaim)]
    [InlineData("iat", 60, WebIdentityError.None)]
    [InlineData("iat", 61, WebIdentityError.RejectedClaim)]
    public async Task Verify_TimeAtTheEdge_IsTakenWithAMinuteOfLeeway(string name, int seconds, WebIdentityError error) =>
        (await world.VerifyAsync(world.Rsa.Sign(world.Claims(name, VerifierWorld.Now.AddSeconds(seconds).ToUnixTimeSeconds())))).Error.ShouldBe(error);

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS256")]
    [InlineData("HS512")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("ES384")]
    [InlineData("rs256")]
    [InlineData("")]
    public async Task Verify_OtherAlgorithm_IsRefused(string algorithm)
    {
        await ShouldRefuse(world.Rsa.Sign(world.Claims(), header => header["alg"] = algorithm));
        await ShouldRefuse(TokenKey.SignRaw($$"""{"alg":"{{algorithm}}","kid":"r1"}""", world.Claims().ToJsonString(), static _ => []));
    }

    [Fact]
    public async Task Verify_PublicKeyTakenForASecret_IsRefused()
    {
        byte[][] secrets = [world.Rsa.PublicPem(), Encoding.UTF8.GetBytes(world.Rsa.Jwk().ToJsonString()), StrictBase64Url.Decode((string)world.Rsa.Jwk()["n"]!)!];
        foreach (var secret in secrets)
        {
            await ShouldRefuse(TokenKey.SignRaw("""{"alg":"HS256","kid":"r1"}""", world.Claims().ToJsonString(), data => HMACSHA256.HashData(secret, data)));
            await ShouldRefuse(TokenKey.SignRaw("""{"alg":"RS256","kid":"r1"}""", world.Claims().ToJsonString(), data => HMACSHA256.HashData(secret, data)));
        }
    }

    [Fact]
    public async Task Verify_KeyOfAnotherKindOrName_IsRefused()
    {
        await ShouldRefuse(world.Rsa.Sign(world.Claims(), header => header["kid"] = "e1"));
        await ShouldRefuse(world.Ec.Sign(world.Claims(), header => header["kid"] = "r1"));
        await ShouldRefuse(world.Ec.Sign(world.Claims(), header => header["alg"] = "RS256"));
        await ShouldRefuse(world.Rsa.Sign(world.Claims(), header => (header["alg"], header["kid"]) = ("ES256", "e1")));
        await ShouldRefuse(world.Rsa.Sign(world.Claims(), header => header.Remove("kid")));
        await ShouldRefuse(world.Rsa.Sign(world.Claims(), header => header["kid"] = 7));
    }

    [Fact]
    public async Task Verify_KeyThatTheTokenBrings_IsNotLookedAt()
    {
        using var own = TokenKey.OfRsa("r1");
        await ShouldRefuse(own.Sign(world.Claims(), header =>
        {
            header["jwk"] = own.Jwk();
            header["jku"] = world.Provider.Address + "mine";
            header["x5u"] = world.Provider.Address + "mine";
        }));
        world.Provider.Requests.ShouldNotContain("/mine");
    }

    [Fact]
    public async Task Verify_HeaderThatSaysMore_IsRefusedWhereItMatters()
    {
        await ShouldRefuse(world.Rsa.Sign(world.Claims(), header => header["crit"] = new JsonArray("exp")));
        await ShouldRefuse(world.Rsa.Sign(world.Claims(), header => header["typ"] = "at+jwt"));
        (await world.VerifyAsync(world.Rsa.Sign(world.Claims(), header => header["x"] = 1))).Error.ShouldBe(WebIdentityError.None);
    }

    [Fact]
    public async Task Verify_SignatureInAnotherForm_IsRefused()
    {
        var claims = world.Claims().ToJsonString();
        await ShouldRefuse(TokenKey.SignRaw("""{"alg":"ES256","kid":"e1"}""", claims, world.Ec.SignDer));
        await ShouldRefuse(TokenKey.SignRaw("""{"alg":"ES256","kid":"e1"}""", claims, static _ => new byte[64]));
        await ShouldRefuse(TokenKey.SignRaw("""{"alg":"ES256","kid":"e1"}""", claims, static _ => []));
        await ShouldRefuse(TokenKey.SignRaw("""{"alg":"RS256","kid":"r1"}""", claims, data => [0, .. world.Rsa.Sign(data)]));
        await ShouldRefuse(TokenKey.SignRaw("""{"alg":"RS256","kid":"r1"}""", claims, static _ => []));
    }

    [Theory]
    [InlineData("iss")]
    [InlineData("aud")]
    [InlineData("sub")]
    [InlineData("exp")]
    [InlineData("whatever")]
    public async Task Verify_ClaimTwice_IsRefused(string name)
    {
        var claims = world.Claims("whatever", "x");
        var text = $"{claims.ToJsonString()[..^1]},\"{name}\":{claims[name]!.ToJsonString()}}}";
        await ShouldRefuse(world.Rsa.Sign(text));
        await ShouldRefuse(world.Rsa.Sign(text.Replace($",\"{name}\"", $",\"\\u{(int)name[0]:x4}{name[1..]}\"", StringComparison.Ordinal)));
        await ShouldRefuse(world.Rsa.Sign($"{world.Claims().ToJsonString()[..^1]},\"deep\":{{\"{name}\":1,\"{name}\":2}}}}"));
    }

    [Fact]
    public async Task Verify_HeaderMemberTwice_IsRefused() =>
        await ShouldRefuse(TokenKey.SignRaw("""{"alg":"none","alg":"RS256","kid":"r1"}""", world.Claims().ToJsonString(), world.Rsa.Sign));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a.b")]
    [InlineData("e30.e30.")]
    [InlineData("e30.e30.AA.AA")]
    public async Task Verify_NoToken_IsRefused(string text) => await ShouldRefuse(text);

    [Fact]
    public async Task Verify_PayloadThatIsNoObjectInUtf8_IsRefused()
    {
        foreach (var payload in (string[])["[]", "7", "null", "{", "{}{}", "{\"sub\":\"\\ud800\"}", new string('[', 40), ""]) await ShouldRefuse(world.Rsa.Sign(payload));
        var claims = world.Claims().ToJsonString()[..^1];
        foreach (var member in (string[])["\"x\":\"\\ud800\"", "\"\\ud800\":1", "\"x\":[{\"y\":\"\\udc00\"}]"]) await ShouldRefuse(world.Rsa.Sign($"{claims},{member}}}"));
        var signed = $"{StrictBase64Url.Encode("""{"alg":"RS256","kid":"r1"}"""u8)}.{StrictBase64Url.Encode([.. Encoding.UTF8.GetBytes(claims), .. ",\"x\":\""u8, 0xc3, .. "\"}"u8])}";
        await ShouldRefuse($"{signed}.{StrictBase64Url.Encode(world.Rsa.Sign(Encoding.ASCII.GetBytes(signed)))}");
    }

    [Fact]
    public async Task Verify_TokenOfTheLimitAndAbove_IsTakenAndRefused()
    {
        var token = world.Rsa.Sign(world.Claims("pad", new string('p', 11_500)));
        token.Length.ShouldBeInRange(15_000, 16_384);
        (await world.VerifyAsync(token)).Error.ShouldBe(WebIdentityError.None);
        await ShouldRefuse(world.Rsa.Sign(world.Claims("pad", new string('p', 12_500))));
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    public async Task Verify_EveryFlippedByteAndEveryTruncation_IsRefused(string algorithm)
    {
        var token = (algorithm == "RS256" ? world.Rsa : world.Ec).Sign(world.Claims());
        (await world.VerifyAsync(token)).Error.ShouldBe(WebIdentityError.None);
        for (var i = 0; i < token.Length; i++)
        {
            await ShouldRefuse($"{token[..i]}{(char)(token[i] ^ (1 << i % 7))}{token[(i + 1)..]}");
            await ShouldRefuse(token[..i]);
        }

        foreach (var padding in (string[])["=", "==", " ", "\n", "A", "."]) await ShouldRefuse(token + padding);
    }

    [Fact]
    public void Verify_AnyOtherCharacterAnywhere_IsRefused()
    {
        var token = world.Ec.Sign(world.Claims());
        var change = Gen.Choose(0, token.Length - 1).SelectMany(index => Gen.Choose(0, 0x2FF).Where(c => c != token[index]).Select(c => (Index: index, Char: (char)c)));
        Prop.ForAll(change.ToArbitrary(), one => world.VerifyAsync($"{token[..one.Index]}{one.Char}{token[(one.Index + 1)..]}").AsTask().GetAwaiter().GetResult().Claims is null).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    private async Task ShouldRefuse(string token, WebIdentityError error = WebIdentityError.InvalidToken)
    {
        var answer = await world.VerifyAsync(token);
        answer.Claims.ShouldBeNull(token);
        answer.Error.ShouldBe(error, answer.Reason);
        answer.Reason.ShouldNotBeEmpty();
    }
}
