using System.Collections.Immutable;

namespace Oort.Identity.Wallets;

/// <summary>For what messages must have been made.</summary>
/// <param name="Domain">Host, and port where URLs of the gateway have one: <c>127.0.0.1:9000</c>.</param>
/// <param name="Uri">What is signed in to: the gateway's URL.</param>
/// <param name="ChainIds">EIP-155. 1 is what most wallets say who use no chain.</param>
public sealed record WalletSite(string Domain, Uri Uri, ImmutableArray<ulong> ChainIds);
