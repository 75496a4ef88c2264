using Oort.Backends.Arweave.Tests.Support;
using Shouldly;

namespace Oort.Backends.Arweave.Tests;

public sealed class ArweaveOptionsTests
{
    private static readonly ArweaveOptions good = new() { Bundler = new("https://upload.example/base"), Nodes = [new("http://node.example:1984")], Gateways = [new("https://gateway.example/")] };

    [Fact]
    public async Task Options_WhatCanBeMeant_IsTaken()
    {
        await using var bundled = ArweaveBackend.ThroughBundler(good, Wallets.Own, TimeProvider.System);
        bundled.Location.ShouldBe("https://upload.example/base/");
        await using var direct = ArweaveBackend.Direct(good, Wallets.Own, TimeProvider.System);
        direct.Location.ShouldBe("http://node.example:1984/");
        // A gateway that items are sent to as well may be among others.
        await using var both = ArweaveBackend.Direct(good with { Gateways = [good.Nodes[0], good.Gateways[0]] }, Wallets.Own, TimeProvider.System);
    }

    [Fact]
    public void Rate_WithoutOneConfigured_IsThatOfItsDay()
    {
        (good.UsdPerAr, good.UsdPerArAsOf).ShouldBe((2.05, new DateTimeOffset(2026, 4, 21, 0, 0, 0, TimeSpan.Zero)));
        Should.Throw<System.ComponentModel.DataAnnotations.ValidationException>(() => ArweaveBackend.Direct(good with { UsdPerAr = 0 }, Wallets.Own, TimeProvider.System));
    }

    [Fact]
    public void Options_WhatCannot_IsRefused()
    {
        foreach (var bad in (ArweaveOptions[])
            [
                good with { Bundler = null },
                good with { Gateways = [] },
                good with { Gateways = [good.Bundler!] },
                good with { Gateways = [new("https://upload.example/other")] },
                good with { Bundler = new("ftp://upload.example") },
                good with { Bundler = new("https://name:secret@upload.example") },
                good with { Bundler = new("https://upload.example/?key=secret") },
                good with { Bundler = new("upload", UriKind.Relative) },
            ])
        {
            var failure = Should.Throw<ArgumentException>(() => ArweaveBackend.ThroughBundler(bad, Wallets.Own, TimeProvider.System));
            failure.Message.ShouldNotContain("secret");
        }

        Should.Throw<ArgumentException>(() => ArweaveBackend.Direct(good with { Nodes = [] }, Wallets.Own, TimeProvider.System));
        Should.Throw<ArgumentException>(() => ArweaveBackend.Direct(good with { Gateways = [good.Nodes[0]] }, Wallets.Own, TimeProvider.System));
        Should.Throw<System.ComponentModel.DataAnnotations.ValidationException>(() => ArweaveBackend.ThroughBundler(good with { ConnectionCountMax = 0 }, Wallets.Own, TimeProvider.System));
    }
}
