using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>A chain and the contracts of the warm storage service on it.</summary>
/// <remarks>The addresses are those that FilOzone published for version 1.3.0 of the service in June 2026. They are proxies, which stay when the code behind them changes.</remarks>
public sealed record FilecoinNetwork
{
    /// <summary>"mainnet", "calibration"; for people.</summary>
    public required string Name { get; init; }

    /// <summary>What eth_chainId of the node must answer.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>FilecoinWarmStorageService: what is signed is signed for it.</summary>
    public required EvmAddress Service { get; init; }

    /// <summary>PDPVerifier: it checks proofs, and knows which pieces are in which data set.</summary>
    public required EvmAddress Verifier { get; init; }

    /// <summary>FilecoinPay: it holds deposits.</summary>
    public required EvmAddress Payments { get; init; }

    /// <summary>ServiceProviderRegistry: it knows providers and where they are paid.</summary>
    public required EvmAddress Registry { get; init; }

    /// <summary>USDFC, with 18 decimals.</summary>
    public required EvmAddress Token { get; init; }

    /// <summary>What the service answers to questions about its state; null: it is asked which contract does (viewContractAddress).</summary>
    public EvmAddress? View { get; init; }

    public static FilecoinNetwork Mainnet { get; } = new()
    {
        Name = "mainnet",
        ChainId = 314,
        Service = EvmAddress.Parse("0x8408502033C418E1bbC97cE9ac48E5528F371A9f"),
        Verifier = EvmAddress.Parse("0xBADd0B92C1c71d02E7d520f64c0876538fa2557F"),
        Payments = EvmAddress.Parse("0x23b1e018F08BB982348b15a86ee926eEBf7F4DAa"),
        Registry = EvmAddress.Parse("0xf55dDbf63F1b55c3F1D4FA7e339a68AB7b64A5eB"),
        Token = EvmAddress.Parse("0x80B98d3aa09ffff255c3ba4A241111Ff1262F045"),
    };

    /// <summary>The test network, whose tokens are worth nothing.</summary>
    public static FilecoinNetwork Calibration { get; } = new()
    {
        Name = "calibration",
        ChainId = 314159,
        Service = EvmAddress.Parse("0x02925630df557F957f70E112bA06e50965417CA0"),
        Verifier = EvmAddress.Parse("0x85e366Cf9DD2c0aE37E963d9556F5f4718d6417C"),
        Payments = EvmAddress.Parse("0x09a0fDc2723fAd1A7b8e3e00eE5DF73841df55a0"),
        Registry = EvmAddress.Parse("0x839e5c9988e4e9977d40708d0094103c0839Ac9D"),
        Token = EvmAddress.Parse("0xb3042734b608a1B16e9e86B374A3f3e389B4cDf0"),
    };
}
