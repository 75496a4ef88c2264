using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Oort.Identity.WebIdentity;
using Shouldly;
using Xunit;

namespace Oort.Identity.Tests.WebIdentity;

public sealed class ProviderKeyTests : IAsyncDisposable
{
    private readonly VerifierWorld world = new();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task Keys_WithinAnHour_AreFetchedOnce()
    {
        await ShouldBe(world.Rsa, WebIdentityError.None);
        world.Time.Advance(TimeSpan.FromMinutes(59));
        await ShouldBe(world.Ec, WebIdentityError.None);
        world.Provider.KeyFetchCount.ShouldBe(1);
        world.Time.Advance(TimeSpan.FromMinutes(1));
        await ShouldBe(world.Ec, WebIdentityError.None);
        world.Provider.KeyFetchCount.ShouldBe(2);
    }

    [Fact]
    public async Task Keys_AfterRotation_AreFetchedForTheNewNameAtMostOnceIn30Seconds()
    {
        await ShouldBe(world.Rsa, WebIdentityError.None);
        using var next = TokenKey.OfEc("e2");
        world.Provider.KeySet = FakeProvider.SetOf(next);

        await ShouldBe(next, WebIdentityError.InvalidToken);
        world.Provider.KeyFetchCount.ShouldBe(1);
        world.Time.Advance(TimeSpan.FromSeconds(30));
        await ShouldBe(next, WebIdentityError.None);
        world.Provider.KeyFetchCount.ShouldBe(2);
        await ShouldBe(world.Rsa, WebIdentityError.InvalidToken);

        using var stranger = TokenKey.OfEc("e3");
        for (var i = 0; i < 20; i++) await ShouldBe(stranger, WebIdentityError.InvalidToken);
        world.Provider.KeyFetchCount.ShouldBe(2);
    }

    [Fact]
    public async Task Keys_AskedForByManyAtOnce_AreFetchedOnce()
    {
        var isAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var mayAnswer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Provider.Fault = async _ =>
        {
            isAsked.TrySetResult();
            await mayAnswer.Task;
            return false;
        };
        var token = world.Rsa.Sign(world.Claims());
        using var impatient = new CancellationTokenSource();
        var first = world.Verifier.VerifyAsync(token, new(world.Provider.Issuer, ["app"]), impatient.Token).AsTask();
        var others = Enumerable.Range(0, 20).Select(_ => world.VerifyAsync(token).AsTask()).ToArray();
        await isAsked.Task;
        // Whoever asked first goes away; the others get what he asked for.
        await impatient.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);
        mayAnswer.SetResult();
        foreach (var answer in await Task.WhenAll(others)) answer.Error.ShouldBe(WebIdentityError.None, answer.Reason);
        world.Provider.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Keys_WhileTheProviderIsDown_ServeForADay()
    {
        await ShouldBe(world.Rsa, WebIdentityError.None);
        world.Provider.Fault = Status(503);
        world.Time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        await ShouldBe(world.Rsa, WebIdentityError.None);
        using var next = TokenKey.OfEc("e2");
        await ShouldBe(next, WebIdentityError.ProviderUnreachable);
        world.Time.Advance(TimeSpan.FromSeconds(1));
        await ShouldBe(world.Rsa, WebIdentityError.ProviderUnreachable);
        world.Provider.Fault = null;
        world.Time.Advance(TimeSpan.FromSeconds(30));
        await ShouldBe(world.Rsa, WebIdentityError.None);
    }

    [Fact]
    public async Task Keys_WhenTheProviderAnswersWithNone_AreForgotten()
    {
        await ShouldBe(world.Rsa, WebIdentityError.None);
        world.Provider.Fault = Status(404);
        world.Time.Advance(TimeSpan.FromHours(1));
        await ShouldBe(world.Rsa, WebIdentityError.ProviderUnreachable);
        world.Provider.Fault = null;
        await ShouldBe(world.Rsa, WebIdentityError.ProviderUnreachable);
        world.Time.Advance(TimeSpan.FromSeconds(30));
        await ShouldBe(world.Rsa, WebIdentityError.None);
    }

    [Fact]
    public async Task Provider_ThatNeverAnswers_IsGivenUp()
    {
        var isAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Provider.Fault = async context =>
        {
            isAsked.TrySetResult();
            var gone = new TaskCompletionSource();
            await using var registration = context.RequestAborted.Register(gone.SetResult);
            await gone.Task;
            return true;
        };
        var verifying = world.VerifyAsync(world.Rsa.Sign(world.Claims())).AsTask();
        await isAsked.Task;
        world.Time.Advance(TimeSpan.FromSeconds(5));
        (await verifying).Error.ShouldBe(WebIdentityError.ProviderUnreachable);
    }

    [Theory]
    [InlineData("issuer", "http://127.0.0.1/other")]
    [InlineData("issuer", null)]
    [InlineData("jwks_uri", null)]
    [InlineData("jwks_uri", "keys")]
    [InlineData("jwks_uri", "ftp://127.0.0.1/keys")]
    [InlineData("jwks_uri", "file:///etc/passwd")]
    public async Task Discovery_ThatSaysSomethingElse_IsRefused(string name, string? value)
    {
        world.Provider.Configuration[name] = value;
        await ShouldBe(world.Rsa, WebIdentityError.ProviderUnreachable);
        world.Provider.KeyFetchCount.ShouldBe(0);
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"keys\":{}}")]
    [InlineData("{\"keys\":[],\"keys\":[]}")]
    public async Task KeySet_ThatIsNone_IsRefused(string text)
    {
        world.Provider.KeySet = text;
        await ShouldBe(world.Rsa, WebIdentityError.ProviderUnreachable);
    }

    [Fact]
    public async Task KeySet_OfAHundredKeysAndOneMore_IsTakenAndRefused()
    {
        using var next = TokenKey.OfEc("e2");
        var set = new JsonObject { ["keys"] = new JsonArray([world.Rsa.Jwk(), .. Enumerable.Range(0, 99).Select(i => With(next, "kid", $"k{i}"))]) };
        world.Provider.KeySet = set.ToJsonString();
        await ShouldBe(world.Rsa, WebIdentityError.None);
        set["keys"]!.AsArray().Add(next.Jwk());
        world.Provider.KeySet = set.ToJsonString();
        world.Time.Advance(TimeSpan.FromHours(1));
        await ShouldBe(world.Rsa, WebIdentityError.ProviderUnreachable);
    }

    [Fact]
    public async Task KeySet_WithTwoKeysOfOneName_IsRefused()
    {
        using var other = TokenKey.OfRsa("r1");
        world.Provider.KeySet = FakeProvider.SetOf(other, world.Rsa);
        await ShouldBe(world.Rsa, WebIdentityError.ProviderUnreachable);
    }

    [Theory]
    [InlineData("use", "enc")]
    [InlineData("alg", "RS512")]
    [InlineData("alg", "ES256")]
    [InlineData("kty", "EC")]
    [InlineData("kty", "oct")]
    [InlineData("n", "AAAA")]
    [InlineData("n", "no base64!")]
    public async Task Key_ForSomethingElseOrMalformed_VerifiesNothing(string name, string value)
    {
        var bad = With(world.Rsa, name, value);
        world.Provider.KeySet = new JsonObject { ["keys"] = new JsonArray(bad, world.Ec.Jwk(), 7, null, new JsonObject()) }.ToJsonString();
        await ShouldBe(world.Rsa, WebIdentityError.InvalidToken);
        await ShouldBe(world.Ec, WebIdentityError.None);
    }

    [Fact]
    public async Task RsaKey_OfExponentOne_VerifiesNothing()
    {
        // To that power everything is its own signature.
        world.Provider.KeySet = new JsonObject { ["keys"] = new JsonArray(With(world.Rsa, "e", "AQ")) }.ToJsonString();
        var token = TokenKey.SignRaw("""{"alg":"RS256","kid":"r1"}""", world.Claims().ToJsonString(), data =>
        {
            byte[] digest = [.. Convert.FromHexString("3031300d060960864801650304020105000420"), .. SHA256.HashData(data)];
            return [0, 1, .. Enumerable.Repeat((byte)0xff, 256 - 3 - digest.Length), 0, .. digest];
        });
        (await world.VerifyAsync(token)).Error.ShouldBe(WebIdentityError.InvalidToken);
    }

    [Theory]
    [InlineData("crv", "P-384")]
    [InlineData("crv", "secp256k1")]
    [InlineData("x", "AAAA")]
    [InlineData("y", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task EcKey_OfAnotherCurveOrOffIt_VerifiesNothing(string name, string value)
    {
        world.Provider.KeySet = new JsonObject { ["keys"] = new JsonArray(With(world.Ec, name, value)) }.ToJsonString();
        await ShouldBe(world.Ec, WebIdentityError.InvalidToken);
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(2040)]
    public async Task RsaKey_OfFewerThan2048Bits_VerifiesNothing(int bits)
    {
        using var weak = TokenKey.OfRsa("w1", bits);
        world.Provider.KeySet = FakeProvider.SetOf(weak);
        await ShouldBe(weak, WebIdentityError.InvalidToken);
    }

    [Fact]
    public async Task Answer_LargerThanAMebibyte_IsRefused()
    {
        world.Provider.KeySet = FakeProvider.SetOf(world.Rsa)[..^1] + $",\"pad\":\"{new string('p', 1024 * 1024)}\"}}";
        await ShouldBe(world.Rsa, WebIdentityError.ProviderUnreachable);
        world.Provider.Fault = async context =>
        {
            // Without a length, in chunks.
            await context.Response.WriteAsync("{\"pad\":\"");
            for (var i = 0; i < 80 && !context.RequestAborted.IsCancellationRequested; i++) await context.Response.WriteAsync(new string('p', 16 * 1024));
            return true;
        };
        world.Time.Advance(TimeSpan.FromSeconds(30));
        (await world.VerifyAsync(world.Rsa.Sign(world.Claims()))).Reason.ShouldContain("more than 1048576 bytes");
    }

    [Fact]
    public async Task Redirects_WithinTheHost_AreFollowedThreeTimes()
    {
        world.Provider.Fault = Redirect(3);
        await ShouldBe(world.Rsa, WebIdentityError.None);
        world.Provider.Fault = Redirect(4);
        world.Time.Advance(TimeSpan.FromHours(1));
        (await world.VerifyAsync(world.Rsa.Sign(world.Claims()))).Reason.ShouldContain("more than 3 times");

        static Func<HttpContext, Task<bool>> Redirect(int count) => context =>
        {
            var step = int.Parse(context.Request.Query["step"].FirstOrDefault() ?? "0", null);
            if (step == count) return Task.FromResult(false);
            context.Response.Redirect($"?step={step + 1}");
            return Task.FromResult(true);
        };
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.2")]
    [InlineData("[::1]")]
    public async Task Redirect_ToAnotherHost_IsRefused(string host)
    {
        world.Provider.Fault = context =>
        {
            context.Response.Redirect($"http://{host}:{world.Provider.Address.Port}{context.Request.Path}");
            return Task.FromResult(true);
        };
        (await world.VerifyAsync(world.Rsa.Sign(world.Claims()))).Reason.ShouldContain("redirects elsewhere");
        world.Provider.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("//[")]
    [InlineData("http://")]
    [InlineData("//127.0.0.1:99999/")]
    [InlineData("")]
    public async Task Redirect_ToNoAddress_IsRefused(string location)
    {
        world.Provider.Fault = context =>
        {
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = location;
            return Task.FromResult(true);
        };
        (await world.VerifyAsync(world.Rsa.Sign(world.Claims()))).Reason.ShouldContain("redirects");
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    [InlineData("2130706433")]
    [InlineData("127.1")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("0.0.0.0")]
    [InlineData("[::]")]
    [InlineData("169.254.169.254")]
    [InlineData("10.0.0.1")]
    [InlineData("[64:ff9b::7f00:1]")]
    public async Task Provider_OnThisMachineOrItsNetworks_IsNotReachedWithoutPermission(string host)
    {
        using var verifier = new WebIdentityVerifier(new() { AllowsHttp = true, AllowedHosts = ["127.0.0.9", "127.0.0.1:1"] }, world.Time);
        var issuer = $"http://{host}:{world.Provider.Address.Port}/realm";
        var answer = await verifier.VerifyAsync(world.Rsa.Sign(world.Claims("iss", issuer)), new(issuer, ["app"]), CancellationToken.None);
        answer.Error.ShouldBe(WebIdentityError.ProviderUnreachable);
        answer.Reason.ShouldContain("no address of the Internet");
        world.Provider.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Provider_WhoseKeysAreOnThisMachine_IsNotFollowedThereWithoutPermission()
    {
        world.Provider.Configuration["jwks_uri"] = $"http://localhost:{world.Provider.Address.Port}/realm/keys";
        (await world.VerifyAsync(world.Rsa.Sign(world.Claims()))).Reason.ShouldContain("no address of the Internet");
        world.Provider.KeyFetchCount.ShouldBe(0);
    }

    [Fact]
    public async Task Provider_WithItsPortAllowed_IsReached()
    {
        using var verifier = new WebIdentityVerifier(new() { AllowsHttp = true, AllowedHosts = [$"127.0.0.1:{world.Provider.Address.Port}"] }, world.Time);
        (await verifier.VerifyAsync(world.Rsa.Sign(world.Claims()), new(world.Provider.Issuer, ["app"]), CancellationToken.None)).Error.ShouldBe(WebIdentityError.None);
    }

    [Fact]
    public async Task Provider_ByHttpWithoutPermission_IsNotReached()
    {
        using var verifier = new WebIdentityVerifier(new() { AllowedHosts = ["127.0.0.1"] }, world.Time);
        (await verifier.VerifyAsync(world.Rsa.Sign(world.Claims()), new(world.Provider.Issuer, ["app"]), CancellationToken.None)).Error.ShouldBe(WebIdentityError.ProviderUnreachable);
        world.Provider.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Verifier_OfAHundredProviders_ForgetsTheOneNotUsedForLongest()
    {
        await ShouldBe(world.Rsa, WebIdentityError.None);
        await UseAsync(0, 99);
        await ShouldBe(world.Rsa, WebIdentityError.None);
        world.Provider.KeyFetchCount.ShouldBe(1);
        await UseAsync(99, 100);
        await ShouldBe(world.Rsa, WebIdentityError.None);
        world.Provider.KeyFetchCount.ShouldBe(2);

        async Task UseAsync(int from, int count)
        {
            for (var i = from; i < from + count; i++) await world.Verifier.VerifyAsync(world.Rsa.Sign(world.Claims()), new($"{world.Provider.Issuer}/{i}", ["app"]), CancellationToken.None);
        }
    }

    private static JsonObject With(TokenKey key, string name, string value)
    {
        var jwk = key.Jwk();
        jwk[name] = value;
        return jwk;
    }

    private static Func<HttpContext, Task<bool>> Status(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.FromResult(true);
    };

    /// <summary>Of a token signed with this key now.</summary>
    private async Task ShouldBe(TokenKey key, WebIdentityError error)
    {
        var answer = await world.VerifyAsync(key.Sign(world.Claims()));
        answer.Error.ShouldBe(error, answer.Reason);
    }
}
