using System.Numerics;
using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>Signs what the FilecoinWarmStorageService contract wants signed by who pays (EIP-712), and puts it into the form in which a provider hands it on ("extraData", ABI).</summary>
/// <remarks>A signature is made with the nonce of RFC 6979, so the same request always has the same bytes; and the contract takes a client's data set id, and the nonce of an addition, once. Thread-safe.</remarks>
/// <param name="key">Of the account that pays. Not disposed of here.</param>
internal sealed class ServiceSigner(EvmKey key, BigInteger chainId, EvmAddress service)
{
    private static readonly TypedDataTypes types = new(
        "MetadataEntry(string key,string value)",
        "CreateDataSet(uint256 clientDataSetId,address payee,MetadataEntry[] metadata)",
        "Cid(bytes data)",
        "PieceMetadata(uint256 pieceIndex,MetadataEntry[] metadata)",
        "AddPieces(uint256 clientDataSetId,uint256 nonce,Cid[] pieceData,PieceMetadata[] pieceMetadata)",
        "SchedulePieceRemovals(uint256 clientDataSetId,uint256[] pieceIds)",
        "TerminateService(uint256 dataSetId)");

    private readonly TypedDataDomain domain = new() { Name = "FilecoinWarmStorageService", Version = "1", ChainId = chainId, VerifyingContract = service };

    /// <summary>Who pays.</summary>
    public EvmAddress Payer => key.Address;

    /// <summary>For POST /pdp/data-sets.</summary>
    /// <param name="payee">Where the registry says that the provider is paid.</param>
    public byte[] CreateDataSet(BigInteger clientDataSetId, EvmAddress payee, IReadOnlyList<ServiceEntry> metadata)
    {
        var signature = Sign("CreateDataSet", clientDataSetId, payee, Fields(metadata));
        return AbiEncoder.Encode("(address,uint256,string[],string[],bytes)", Payer, clientDataSetId, Keys(metadata), Values(metadata), signature);
    }

    /// <summary>For POST /pdp/data-sets/{id}/pieces.</summary>
    /// <param name="clientDataSetId">What the data set was created with.</param>
    /// <param name="nonce">Of this addition alone.</param>
    /// <param name="pieces">In the order in which they are sent.</param>
    public byte[] AddPieces(BigInteger clientDataSetId, BigInteger nonce, IReadOnlyList<(PieceCid Cid, IReadOnlyList<ServiceEntry> Metadata)> pieces)
    {
        object[] cids = [.. pieces.Select(piece => (object)new object[] { piece.Cid.ToArray() })];
        object[] metadata = [.. pieces.Select((piece, index) => (object)new object[] { index, Fields(piece.Metadata) })];
        var signature = Sign("AddPieces", clientDataSetId, nonce, cids, metadata);
        return AbiEncoder.Encode("(uint256,string[][],string[][],bytes)", nonce, pieces.Select(piece => Keys(piece.Metadata)).ToArray(), pieces.Select(piece => Values(piece.Metadata)).ToArray(), signature);
    }

    /// <summary>For DELETE /pdp/data-sets/{id}/pieces/{first}.</summary>
    public byte[] SchedulePieceRemovals(BigInteger clientDataSetId, IReadOnlyList<BigInteger> pieceIds) =>
        AbiEncoder.Encode("(bytes)", Sign("SchedulePieceRemovals", clientDataSetId, pieceIds.ToArray()));

    /// <summary>For POST /pdp/data-sets/{id}/terminate.</summary>
    public byte[] TerminateService(BigInteger dataSetId) => AbiEncoder.Encode("(bytes)", Sign("TerminateService", dataSetId));

    private byte[] Sign(string name, params object[] values) => key.Sign(types.Digest(domain, name, values)).ToArray();

    private static object[] Fields(IReadOnlyList<ServiceEntry> metadata) => [.. metadata.Select(entry => (object)new object[] { entry.Key, entry.Value })];

    private static object[] Keys(IReadOnlyList<ServiceEntry> metadata) => [.. metadata.Select(entry => entry.Key)];

    private static object[] Values(IReadOnlyList<ServiceEntry> metadata) => [.. metadata.Select(entry => entry.Value)];
}
