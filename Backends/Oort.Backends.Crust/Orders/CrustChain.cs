using Oort.Evm;

namespace Oort.Backends.Crust;

/// <summary>A chain, and the StorageOrder contract on it that takes orders for Crust.</summary>
/// <remarks>The addresses are those that Crust's own repositories and indexer named in November 2026. They are proxies, which stay when the code behind them changes; see to it that they are still named before money goes there.</remarks>
public sealed record CrustChain
{
    /// <summary>For people; lower case.</summary>
    public required string Name { get; init; }

    /// <summary>What eth_chainId of the node must answer.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>What orders are sent to.</summary>
    public required EvmAddress Contract { get; init; }

    /// <summary>What is paid with, of 18 decimals.</summary>
    public required string Coin { get; init; }

    public static CrustChain Ethereum { get; } = new() { Name = "ethereum", ChainId = 1, Contract = EvmAddress.Parse("0xE391613d2056e47F74ED5eF1d443d4CDB21AAAd9"), Coin = "ETH" };

    public static CrustChain Optimism { get; } = new() { Name = "optimism", ChainId = 10, Contract = EvmAddress.Parse("0xf8e6F7bb144D3475fcf39Bd879510Fa93C775ee2"), Coin = "ETH" };

    public static CrustChain Arbitrum { get; } = new() { Name = "arbitrum", ChainId = 42161, Contract = EvmAddress.Parse("0x9ae6c9d00fde0e0f774693ca6099d06dfe2001c6"), Coin = "ETH" };

    public static CrustChain ZkSync { get; } = new() { Name = "zksync", ChainId = 324, Contract = EvmAddress.Parse("0xfa866AbF8F0b8f154654DEd956B2467dFB6A4135"), Coin = "ETH" };

    /// <summary>Crust's own chain for contracts.</summary>
    public static CrustChain Crust { get; } = new() { Name = "crust", ChainId = 366666, Contract = EvmAddress.Parse("0xA40179e57280585D88899b2032E7eCF13B3B6c72"), Coin = "CRU" };

    /// <summary>Those above.</summary>
    public static IReadOnlyList<CrustChain> Known { get; } = [Ethereum, Optimism, Arbitrum, ZkSync, Crust];
}
