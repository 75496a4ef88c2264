using System.Numerics;
using Oort.Evm;

namespace Oort.Backends.Crust;

/// <summary>The StorageOrder contract at a node that may be wrong (crustio/eth-storage-contract): what is asked of it, and what its answers and refusals mean.</summary>
/// <remarks>Thread-safe. Every failure is a <see cref="BackendException"/>.</remarks>
internal sealed class StorageOrderContract(CrustChain chain, EvmClient node)
{
    private static readonly AbiFunction getPrice = new("getPrice(uint256 size,bool isPermanent)", "(uint256)");
    private static readonly AbiFunction placeOrder = new("placeOrder(string cid,uint256 size,bool isPermanent)");
    private static readonly AbiEvent order = new("Order(address customer,address merchant,string cid,uint256 size,uint256 price,bool isPermanent)");

    private bool isRightChain;

    public EvmAddress Address => chain.Contract;

    /// <summary>Calls the node, which is one of the chain.</summary>
    public async Task<T> AskAsync<T>(Func<EvmClient, Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            if (!isRightChain)
            {
                var id = await node.GetChainIdAsync(cancellationToken);
                if (id != chain.ChainId) throw new BackendException(BackendErrorKind.Unauthorized, $"The node is of chain {id}, and {chain.Name} is chain {chain.ChainId}. Correct the node or the chain.");
                isRightChain = true;
            }

            return await ask(node);
        }
        catch (EvmException e)
        {
            throw Failed(e);
        }
    }

    /// <summary>What the contract asks for an order, in wei.</summary>
    /// <param name="size">Bytes of the item's blocks.</param>
    public Task<BigInteger> GetPriceAsync(long size, bool isPermanent, CancellationToken cancellationToken) => AskAsync(async client =>
        (BigInteger)getPrice.DecodeResult(await client.CallAsync(new() { To = Address, Data = getPrice.Encode((BigInteger)size, isPermanent) }, cancellationToken))[0], cancellationToken);

    /// <summary>The data of an order.</summary>
    public static byte[] Encode(string cid, long size, bool isPermanent) => placeOrder.Encode(cid, (BigInteger)size, isPermanent);

    /// <summary>What an order cost, in wei, by the contract's own word in the receipt of its transaction.</summary>
    /// <exception cref="BackendException">Unauthorized: it says nothing of this order, though the transaction succeeded.</exception>
    public BigInteger PriceIn(EvmReceipt receipt, EvmAddress customer, string cid, long size, bool isPermanent)
    {
        try
        {
            foreach (var log in receipt.Logs)
            {
                if (log.Address != Address || log.IsRemoved || !order.TryDecode(log, out var values)) continue;
                var isOurs = (EvmAddress)values[0] == customer && (string)values[2] == cid && (BigInteger)values[3] == size && (bool)values[5] == isPermanent;
                if (isOurs) return (BigInteger)values[4];
            }
        }
        catch (EvmException e)
        {
            throw Failed(e);
        }

        throw new BackendException(BackendErrorKind.Unauthorized, $"Transaction {receipt.TransactionHash} was paid, and {Address} on {chain.Name} noted no order of {cid} in it. Check the contract's address; the item is not ordered again.");
    }

    private BackendException Failed(EvmException e) => new(KindOf(e), $"{e.Message.TrimEnd('.')} ({chain.Name}). {AdviceOf(KindOf(e))}", e);

    private static BackendErrorKind KindOf(EvmException e) => e.Kind switch
    {
        EvmErrorKind.Throttled => BackendErrorKind.Throttled,
        EvmErrorKind.Funds => BackendErrorKind.Funds,
        // The price rose between question and order; nobody takes orders just now. Both pass.
        EvmErrorKind.Reverted when e.Message.Contains("No enough balance to place order", StringComparison.Ordinal) || e.Message.Contains("No node to choose", StringComparison.Ordinal) => BackendErrorKind.Transient,
        EvmErrorKind.Reverted or EvmErrorKind.Unauthorized or EvmErrorKind.Refused or EvmErrorKind.Unsupported or EvmErrorKind.Malformed => BackendErrorKind.Unauthorized,
        _ => BackendErrorKind.Transient,
    };

    private static string AdviceOf(BackendErrorKind kind) => kind switch
    {
        BackendErrorKind.Unauthorized => "Check the node, its credentials and the contract's address.",
        BackendErrorKind.Funds => "Send the account more; it is tried again by itself.",
        _ => "It is tried again by itself.",
    };
}
