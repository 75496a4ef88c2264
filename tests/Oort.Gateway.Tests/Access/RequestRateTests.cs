using System.Net;
using Microsoft.AspNetCore.Http;
using Oort.Gateway.Access;
using Oort.Gateway.Tests.Operations;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access;

public sealed class RequestRateTests(TestGateway gateway)
{
    private readonly SteppedTime time = new();

    [Fact]
    public void Take_MoreThanAKeyMay_SlowsItDownAndNobodyElse()
    {
        var rates = new RequestRates(perKey: 3, perBucket: 0, time);
        for (var i = 0; i < 3; i++) Take(rates, "one").ShouldBeTrue();
        Take(rates, "one").ShouldBeFalse();
        Take(rates, "other").ShouldBeTrue();
        time.Step(TimeSpan.FromMilliseconds(334));
        Take(rates, "one").ShouldBeTrue();
        Take(rates, "one").ShouldBeFalse();
        time.Step(TimeSpan.FromHours(1));
        for (var i = 0; i < 3; i++) Take(rates, "one").ShouldBeTrue();
        Take(rates, "one").ShouldBeFalse();
    }

    [Fact]
    public void Take_MoreThanABucketTakes_SlowsDownAllWhoAskForIt()
    {
        var rates = new RequestRates(perKey: 0, perBucket: 2, time);
        Take(rates, "one", "a").ShouldBeTrue();
        Take(rates, "other", "a").ShouldBeTrue();
        Take(rates, "third", "a").ShouldBeFalse();
        Take(rates, "one", "b").ShouldBeTrue();
        Take(rates, "one").ShouldBeTrue();
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", false)]
    [InlineData("192.0.2.1", "192.0.2.2", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1::2", false)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", true)]
    public void Take_WithoutAKey_IsHeldByItsAddress(string first, string second, bool isAllowed)
    {
        var rates = new RequestRates(perKey: 1, perBucket: 0, time);
        Take(rates, "", address: first).ShouldBeTrue();
        Take(rates, "", address: second).ShouldBe(isAllowed);
    }

    [Fact]
    public void Take_ByMoreKeysThanAreKept_GoesOn()
    {
        var rates = new RequestRates(perKey: 1, perBucket: 0, time);
        for (var i = 0; i < 20_000; i++) Take(rates, $"key {i}").ShouldBeTrue();
        Take(rates, "key 19999").ShouldBeFalse();
    }

    [Fact]
    public async Task Requests_BeyondTheRate_AreToldWhenToComeAgain()
    {
        await using var slow = await Operations.GatewayHost.StartAsync(gateway.Layer, new(), rates: new(perKey: 2, perBucket: 0, time));
        for (var i = 0; i < 2; i++) (await slow.Raw.SendAsync("GET", "/")).Status.ShouldBe(200);
        var answer = await slow.Raw.SendAsync("GET", "/");
        (answer.Status, answer.Code, answer.Header("Retry-After")).ShouldBe((503, "SlowDown", "1"));
        (await slow.Raw.SendAsync("GET", "/no-such-bucket")).Code.ShouldBe("SlowDown");
    }

    private static bool Take(RequestRates rates, string key, string? bucket = null, string address = "127.0.0.1")
    {
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = IPAddress.Parse(address);
        var caller = key.Length == 0 ? Caller.Anonymous : Caller.RootOf(key, "000000000001", "id", "name");
        try
        {
            rates.Take(http, caller, bucket);
            return true;
        }
        catch (S3Exception slow)
        {
            slow.Error.ShouldBe(S3Errors.SlowDown);
            return false;
        }
    }

    private sealed class SteppedTime : TimeProvider
    {
        private long now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now;

        public void Step(TimeSpan time) => now += time.Ticks;
    }
}
