namespace Oort.Evm.Tests.Peer;

/// <summary>The contract of Probe.sol.</summary>
internal static class Probe
{
    /// <summary>What deploys it, in hex.</summary>
    public static string Hex { get; } = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Peer", "Probe.hex")).Trim();
}
