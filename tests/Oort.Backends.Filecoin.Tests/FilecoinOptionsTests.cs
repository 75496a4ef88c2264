using Oort.Evm;
using Shouldly;

namespace Oort.Backends.Filecoin.Tests;

public sealed class FilecoinOptionsTests
{
    public static TheoryData<string, Func<FilecoinOptions, FilecoinOptions>> Wrong => new()
    {
        { "ServiceUrl", options => options with { ServiceUrl = new("ftp://provider.example/") } },
        { "ServiceUrl", options => options with { ServiceUrl = new("/here", UriKind.Relative) } },
        { "ServiceUrl", options => options with { ServiceUrl = new("https://user:word@provider.example/") } },
        { "ServiceUrl", options => options with { ServiceUrl = new("https://provider.example/?a=b") } },
        { "ProviderId", options => options with { ProviderId = 0 } },
        { "Label", options => options with { Label = "" } },
        { "Label", options => options with { Label = new('a', 65) } },
        { "Label", options => options with { Label = "é" } },
        { "SampledBlockCount", options => options with { SampledBlockCount = 0 } },
        { "SampledBlockCount", options => options with { SampledBlockCount = 65 } },
        { "HashThreadCount", options => options with { HashThreadCount = 0 } },
        { "AnswerSizeMax", options => options with { Node = options.Node with { AnswerSizeMax = 1 } } },
        { "intervals", options => options with { StallTimeout = TimeSpan.Zero } },
        { "intervals", options => options with { UploadAnswerTimeout = -TimeSpan.FromSeconds(1) } },
        { "intervals", options => options with { AskInterval = TimeSpan.Zero } },
        { "intervals", options => options with { ProofInterval = TimeSpan.Zero } },
        { "intervals", options => options with { ProofAgeMax = TimeSpan.FromDays(366) } },
        { "intervals", options => options with { LookInterval = TimeSpan.Zero } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Options_ThatAreNone_AreRefusedByName(string name, Func<FilecoinOptions, FilecoinOptions> change)
    {
        var right = new FilecoinOptions { Node = new() { Endpoint = new("https://node.example/k3y"), Authorization = "the secret" }, ServiceUrl = new("https://provider.example/base/"), ProviderId = 1 };
        using var key = EvmKey.FromBytes(Keccak256.Hash("k"u8).ToArray());
        await using (var backend = new FilecoinBackend(right, key, TimeProvider.System, TimeProvider.System))
        {
            right.ToString().ShouldNotContain("the secret");
            right.ToString().ShouldNotContain("k3y");
            backend.Location.ShouldBe("https://provider.example/base");
        }

        Should.Throw<ArgumentException>(() => new FilecoinBackend(change(right), key, TimeProvider.System, TimeProvider.System)).Message.ShouldContain(name);
    }
}
