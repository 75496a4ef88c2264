using System.Net;
using Oort.Identity.WebIdentity;
using Shouldly;
using Xunit;

namespace Oort.Identity.Tests.WebIdentity;

public sealed class ProviderAddressTests
{
    [Theory]
    [InlineData("https://idp.example.org", true)]
    [InlineData("https://idp.example.org/realms/one", true)]
    [InlineData("http://idp.example.org", false)]
    [InlineData("https://user@idp.example.org", false)]
    [InlineData("https://idp.example.org?x=1", false)]
    [InlineData("https://idp.example.org#x", false)]
    [InlineData("https://", false)]
    [InlineData("HTTPS://idp.example.org", false)]
    [InlineData("https://idp.example.org/a b", false)]
    [InlineData("", false)]
    public void Issuer_Any_IsTakenIfItIsAnHttpsUrlAlone(string url, bool isTaken) => WebIdentityProvider.IsIssuer(url, allowsHttp: false).ShouldBe(isTaken);

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("1.1.1.1", true)]
    [InlineData("172.15.255.255", true)]
    [InlineData("172.32.0.0", true)]
    [InlineData("172.16.0.0", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("10.255.255.255", false)]
    [InlineData("192.168.0.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("100.128.0.1", true)]
    [InlineData("169.254.169.254", false)]
    [InlineData("168.63.129.16", false)]
    [InlineData("192.0.0.192", false)]
    [InlineData("0.1.2.3", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("ff02::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("::10.0.0.1", false)]
    [InlineData("64:ff9b::10.0.0.1", false)]
    [InlineData("64:ff9b::8.8.8.8", true)]
    [InlineData("64:ff9b:1::8.8.8.8", false)]
    [InlineData("2002:0a00:0001::1", false)]
    [InlineData("2001:0:7f00:1::1", false)]
    [InlineData("2001:db8::1", false)]
    public void Address_Any_IsPublicOrNot(string address, bool isPublic) => PublicAddress.Is(IPAddress.Parse(address)).ShouldBe(isPublic);
}
