using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>The contracts' functions that are asked here; none of them changes anything (FilOzone/pdp 3.4.0, FilOzone/filecoin-services 1.3.0, filecoin-pay 1).</summary>
internal static class FilecoinContracts
{
    // PDPVerifier.
    public static readonly AbiFunction DataSetLive = new("dataSetLive(uint256)", "(bool)");
    public static readonly AbiFunction PieceLive = new("pieceLive(uint256,uint256)", "(bool)");
    public static readonly AbiFunction PieceChallengable = new("pieceChallengable(uint256,uint256)", "(bool)");
    public static readonly AbiFunction GetPieceCid = new("getPieceCid(uint256,uint256)", "((bytes))");
    public static readonly AbiFunction GetDataSetLastProvenEpoch = new("getDataSetLastProvenEpoch(uint256)", "(uint256)");
    public static readonly AbiFunction GetScheduledRemovals = new("getScheduledRemovals(uint256)", "(uint256[])");

    // FilecoinWarmStorageService, and the contract that answers for it.
    public static readonly AbiFunction ViewContractAddress = new("viewContractAddress()", "(address)");
    public static readonly AbiFunction ClientNonces = new("clientNonces(address,uint256)", "(uint256)");
    public static readonly AbiFunction ProvingDeadline = new("provingDeadline(uint256)", "(uint256)");

    /// <summary>Its answer has grown with the versions at its end; the first ten words have stayed.</summary>
    public static readonly AbiFunction GetDataSet = new("getDataSet(uint256)", "(uint256)");

    /// <summary>Token; rates for a month: tebibyte, data set, egress, egress of misses; fees: creation, addition, each piece, removal, termination; lockups: reserve, threshold, period in blocks, and three of the CDN.</summary>
    public static readonly AbiFunction GetPriceList = new("getPriceList()", "((address,(uint256,uint256,uint256,uint256),(uint256,uint256,uint256,uint256,uint256),(uint256,uint256,uint256,uint256,uint256,uint256)))");

    // ServiceProviderRegistry.
    public static readonly AbiFunction GetProviderPayee = new("getProviderPayee(uint256)", "(address)");

    // FilecoinPay.
    /// <summary>Deposit, locked part, growth of that by block, block of the last reckoning.</summary>
    public static readonly AbiFunction Accounts = new("accounts(address,address)", "(uint256,uint256,uint256,uint256)");

    /// <summary>Whether; allowances of rate and lockup; what of them is used; longest lockup in blocks.</summary>
    public static readonly AbiFunction OperatorApprovals = new("operatorApprovals(address,address,address)", "(bool,uint256,uint256,uint256,uint256,uint256)");
}
