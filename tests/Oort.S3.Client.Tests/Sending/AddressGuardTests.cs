using System.Net;
using Oort.S3.Client.Tests.Support;
using Shouldly;

namespace Oort.S3.Client.Tests.Sending;

public sealed class AddressGuardTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.8.9.10")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("169.254.169.254")]
    [InlineData("100.100.100.200")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("fe80::1")]
    [InlineData("ff02::1")]
    [InlineData("fd00:ec2::254")]
    public void Address_OfThisMachineOrItsLink_IsLocal(string address) => AddressGuard.IsLocal(IPAddress.Parse(address)).ShouldBeTrue();

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("52.216.1.2")]
    [InlineData("169.253.1.1")]
    [InlineData("100.100.100.201")]
    [InlineData("223.255.255.255")]
    [InlineData("fd00::1")]
    [InlineData("2001:db8::1")]
    [InlineData("64:ff9b::3434:1")]
    public void Address_OfAnotherMachine_IsNot(string address) => AddressGuard.IsLocal(IPAddress.Parse(address)).ShouldBeFalse();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("2130706433")]
    public async Task Endpoint_OnThisMachine_IsRefusedBeforeAnythingIsSent(string host)
    {
        await using var server = new HostileServer((_, _) => HostileServer.Answer(200, "", ""));
        using var client = server.Client(options => options with { AllowsLocalAddresses = false, Endpoint = new Uri($"http://{host}:{server.Endpoint.Port}") });
        (await Should.ThrowAsync<S3ClientException>(client.ListBucketsAsync(CancellationToken.None))).Kind.ShouldBe(S3ErrorKind.Refused);
        server.Seen.ShouldBeEmpty();
    }
}
