using Shouldly;

namespace Oort.Evm.Tests.Peer;

public sealed class ProbeTests
{
    [Fact]
    public async Task Hex_IsWhatTheCompilerMakesOfTheSource()
    {
        (await Solc.CompileAsync(Path.Combine(AppContext.BaseDirectory, "Peer", "Probe.sol"), "Probe")).ShouldBe(Probe.Hex);
    }
}
