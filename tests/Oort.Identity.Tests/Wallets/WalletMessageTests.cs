using FsCheck;
using FsCheck.Fluent;
using Oort.Evm;
using Oort.Identity.Wallets;
using Shouldly;
using Xunit;

namespace Oort.Identity.Tests.Wallets;

public sealed class WalletMessageTests
{
    private const string Plain = "example.com wants you to sign in with your Ethereum account:\n0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n\nI agree\n\nURI: https://example.com/login\nVersion: 1\nChain ID: 1\nNonce: 32891756\nIssued At: 2021-09-30T16:25:24Z";

    /// <summary>What is replaced in <see cref="Plain"/>, and by what.</summary>
    public static TheoryData<string, string> Broken => new()
    {
        { "example.com wants", " wants" },
        { "example.com wants", "user@example.com wants" },
        { "example.com wants", "example.com:x wants" },
        { "example.com wants", "exam ple.com wants" },
        { "example.com wants", "example.com/login wants" },
        { "example.com wants", "1http://example.com wants" },
        { "example.com wants", "://example.com wants" },
        { "example.com wants", "https:// wants" },
        { "example.com wants", "ex\u00e4mple.com wants" },
        { "wants you", "wants You" },
        { "account:\n", "account: \n" },
        { "account:\n", "account:\r\n" },
        { "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "" },
        { "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2" },
        { "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0xC02AAA39B223FE8D0A0E5C4F27EAD9083C756CC2" },
        { "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0xc02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2" },
        { "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0XC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2" },
        { "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc" },
        { "\n\nI agree\n\n", "\nI agree\n\n" },
        { "\n\nI agree\n\n", "\n\n\nI agree\n\n" },
        { "\n\nI agree\n\n", "\n\nI agree\n" },
        { "\n\nI agree\n\n", "\n\nI agree\n\n\n" },
        { "\n\nI agree\n\n", "\n\nI\nagree\n\n" },
        { "\n\nI agree\n\n", "\n\nI \u00e4gree\n\n" },
        { "\n\nI agree\n\n", "\n\nI\tagree\n\n" },
        { "\n\nI agree\n\n", "\n\nI \"agree\"\n\n" },
        { "\n\nI agree\n\n", "\n\n\n\n" },
        { "\n\nI agree\n\n", "\n\n" },
        { "URI: https://example.com/login\n", "" },
        { "URI: https://example.com/login", "URI: login" },
        { "URI: https://example.com/login", "URI: _not_a_uri_" },
        { "URI: https://example.com/login", "URI: https://example.com/lo gin" },
        { "URI: https://example.com/login", "URI: https://example.com/%zz" },
        { "URI: https://example.com/login", "URI: https://example.com/%2" },
        { "URI: https://example.com/login", "URI:https://example.com/login" },
        { "URI: https://example.com/login", "uri: https://example.com/login" },
        { "Version: 1", "Version: 2" },
        { "Version: 1", "Version: 01" },
        { "Version: 1\n", "" },
        { "Version: 1\nChain ID: 1", "Chain ID: 1\nVersion: 1" },
        { "Chain ID: 1", "Chain ID: " },
        { "Chain ID: 1", "Chain ID: 01" },
        { "Chain ID: 1", "Chain ID: -1" },
        { "Chain ID: 1", "Chain ID: 0x1" },
        { "Chain ID: 1", "Chain ID: 18446744073709551616" },
        { "Nonce: 32891756", "Nonce: 3289175" },
        { "Nonce: 32891756", "Nonce: 3289175-" },
        { "Nonce: 32891756", "Nonce: 3289175\u0664" },
        { "Nonce: 32891756\n", "" },
        { "Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30 16:25:24Z" },
        { "Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30T16:25:24" },
        { "Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-02-30T16:25:24Z" },
        { "Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30T24:25:24Z" },
        { "Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30t16:25:24z" },
        { "Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30T16:25:24.Z" },
        { "Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30T16:25:24+99:00" },
        { "Issued At: 2021-09-30T16:25:24Z", "Issued At: Thu, 30 Sep 2021 16:25:24 GMT" },
        { "24Z", "24Z\n" },
        { "24Z", "24Z " },
        { "24Z", "24Z\nNot Before: 2021-09-30T16:25:24Z\nExpiration Time: 2021-09-30T16:25:24Z" },
        { "24Z", "24Z\nExpiration Time: never" },
        { "24Z", "24Z\nExpiration Time: 2021-09-30T16:25:24Z\nExpiration Time: 2021-09-30T16:25:24Z" },
        { "24Z", "24Z\nNot Before: now" },
        { "24Z", "24Z\nRequest ID: a b" },
        { "24Z", "24Z\nRequest ID: a/b" },
        { "24Z", "24Z\nRequest ID: %4" },
        { "24Z", "24Z\nRequest ID: %4z" },
        { "24Z", "24Z\nResources: " },
        { "24Z", "24Z\nResources:\n" },
        { "24Z", "24Z\nResources:\n- " },
        { "24Z", "24Z\nResources:\nhttps://example.com" },
        { "24Z", "24Z\nResources:\n- https://example.com - https://example.com" },
        { "24Z", "24Z\nResources:\n- https://example.com\n- none" },
        { "24Z", "24Z\nResources:\n- https://example.com\nRequest ID: a" },
        { "24Z", "24Z\nSomething: else" },
    };

    [Fact]
    public void Parse_ExamplesOfTheEip_ReadsWhatTheySay()
    {
        WalletVectors.Examples.Count.ShouldBe(3);
        foreach (var (index, text) in WalletVectors.Examples.Index())
        {
            var message = WalletMessage.Parse(text).ShouldNotBeNull(text);
            message.Scheme.ShouldBe(index == 2 ? "https" : null);
            message.Domain.ShouldBe(index == 1 ? "example.com:3388" : "example.com");
            message.Address.ToString().ShouldBe("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2");
            message.Statement.ShouldBe("I accept the ExampleOrg Terms of Service: https://example.com/tos");
            message.Uri.ShouldBe("https://example.com/login");
            message.ChainId.ShouldBe(1UL);
            message.Nonce.ShouldBe("32891756");
            message.IssuedAt.ShouldBe("2021-09-30T16:25:24Z");
            (message.ExpirationTime, message.NotBefore, message.RequestId).ShouldBe((null, null, null));
            message.Resources!.Value.ShouldBe(["ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/", "https://example.com/my-web2-claim.json"]);
            message.Write().ShouldBe(text);
        }
    }

    [Fact]
    public void Parse_EveryFieldAndNone_AreRead()
    {
        var all = WalletMessage.Parse(Plain + ".123456789+02:00\nExpiration Time: 2021-09-30T16:25:25-00:30\nNot Before: 2021-09-30T16:25:23.5Z\nRequest ID: a:%2F@\nResources:".Replace("Z.123", ".123", StringComparison.Ordinal));
        all.ShouldBeNull("A time has one zone.");
        all = WalletMessage.Parse(Plain[..^1] + ".123456789+02:00\nExpiration Time: 2021-09-30T16:25:25-00:30\nNot Before: 2021-09-30T16:25:23.5Z\nRequest ID: a:%2F@\nResources:").ShouldNotBeNull();
        (all.IssuedAt, all.ExpirationTime, all.NotBefore, all.RequestId).ShouldBe(("2021-09-30T16:25:24.123456789+02:00", "2021-09-30T16:25:25-00:30", "2021-09-30T16:25:23.5Z", "a:%2F@"));
        all.Resources!.Value.ShouldBeEmpty();
        WalletMessage.Parse(Plain)!.Resources.ShouldBeNull();
        WalletMessage.Parse(Plain + "\nRequest ID: ")!.RequestId.ShouldBe("");
        WalletMessage.Parse(Plain.Replace("I agree\n", "", StringComparison.Ordinal))!.Statement.ShouldBeNull();
        WalletMessage.Parse(Plain.Replace("example.com wants", "[::1]:9000 wants", StringComparison.Ordinal))!.Domain.ShouldBe("[::1]:9000");
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void Parse_OneThingWrong_IsNone(string old, string replacement)
    {
        WalletMessage.Parse(Plain).ShouldNotBeNull();
        Plain.ShouldContain(old);
        WalletMessage.Parse(Plain.Replace(old, replacement, StringComparison.Ordinal)).ShouldBeNull();
    }

    [Fact]
    public void Parse_AtTheLimitsAndAbove_IsTakenAndRefused()
    {
        var resources = Plain + "\nResources:" + string.Concat(Enumerable.Repeat("\n- https://example.com", 20));
        WalletMessage.Parse(resources).ShouldNotBeNull();
        WalletMessage.Parse(resources + "\n- https://example.com").ShouldBeNull();
        var padded = Plain.Replace("I agree", new string('x', 4096 - Plain.Length + "I agree".Length), StringComparison.Ordinal);
        padded.Length.ShouldBe(4096);
        WalletMessage.Parse(padded).ShouldNotBeNull();
        WalletMessage.Parse(padded.Replace("xx", "xxx", StringComparison.Ordinal)).ShouldBeNull();
    }

    [Fact]
    public void Write_FieldsThatNobodyCouldRead_Throws()
    {
        var message = WalletMessage.Parse(Plain)!;
        foreach (var broken in (WalletMessage[])[message with { Statement = "a\nb" }, message with { Statement = "" }, message with { Nonce = "short" }, message with { Domain = "a b" }, message with { RequestId = "x\nResources:" }, message with { Domain = "https://example.com" }])
            Should.Throw<ArgumentException>(() => broken.Write());
    }

    [Fact]
    public void Parse_WhatWasWritten_IsTheSame() => Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
    {
        var message = Any(new Random(seed));
        WalletMessage.Parse(message.Write()).ShouldBe(message, $"seed {seed}");
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    [Fact]
    public void Parse_EveryTruncationAndFlippedByte_IsNoneOrAnotherMessage()
    {
        var message = WalletMessage.Parse(WalletVectors.Examples[2])!;
        var text = message.Write();
        for (var i = 0; i < text.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var flipped = $"{text[..i]}{(char)(text[i] ^ (1 << bit))}{text[(i + 1)..]}";
                if (WalletMessage.Parse(flipped) is { } other) other.Write().ShouldBe(flipped);
            }

            if (WalletMessage.Parse(text[..i]) is { } shorter) shorter.ShouldNotBe(message);
        }
    }

    private static WalletMessage Any(Random random)
    {
        return new()
        {
            Scheme = Maybe("https", "http", "a+b.c-1"),
            Domain = Pick("example.com", "example.com:443", "127.0.0.1:9000", "[::1]:9000", "localhost"),
            Address = new(Bytes(20)),
            Statement = Maybe("I agree", "https://example.com/tos?a=b&c='d'#e", "  two  spaces ", "URI: x"),
            Uri = Pick("https://example.com/login", "http://127.0.0.1:9000/", "did:key:z6Mk", "urn:isbn:0451450523"),
            ChainId = (ulong)random.NextInt64() >> random.Next(64),
            Nonce = Convert.ToHexStringLower(Bytes(random.Next(4, 40))),
            IssuedAt = Time(),
            ExpirationTime = random.Next(2) == 0 ? null : Time(),
            NotBefore = random.Next(2) == 0 ? null : Time(),
            RequestId = Maybe("", "a", "%41:@!$&'()*+,;="),
            Resources = random.Next(2) == 0 ? null : [.. Enumerable.Range(0, random.Next(21)).Select(i => $"ipfs://bafy{i}/")],
        };

        byte[] Bytes(int count)
        {
            var bytes = new byte[count];
            random.NextBytes(bytes);
            return bytes;
        }

        string Pick(params string[] values) => values[random.Next(values.Length)];

        string? Maybe(params string[] values) => random.Next(2) == 0 ? null : Pick(values);

        string Time() => $"20{random.Next(10, 99)}-{random.Next(1, 13):d2}-{random.Next(1, 29):d2}T{random.Next(24):d2}:{random.Next(60):d2}:{random.Next(60):d2}{Pick("", ".5", ".000000001")}{Pick("Z", "+02:00", "-11:30")}";
    }
}
