using System.Numerics;
using System.Text.Json;
using Oort.Evm;
using Shouldly;

namespace Oort.Backends.Filecoin.Tests.Service;

public sealed class ServiceSignerTests
{
    private static readonly JsonElement domain = Vectors.ExtraData.GetProperty("domain");

    [Fact]
    public void ExtraData_OfTheVectors_IsTheirs()
    {
        using var key = EvmKey.FromHex(Vectors.ExtraData.Text("private_key"));
        foreach (var (name, make) in Calls()) make(Signer(key)).ShouldBe(Vectors.ExtraData.GetProperty(name).Hex("extraData"), name);
        Signer(key).Payer.ShouldBe(Vectors.ExtraData.Address("address"));
    }

    [Fact]
    public void ExtraData_ForAnotherChainContractOrKey_IsAnother()
    {
        using var key = EvmKey.FromHex(Vectors.ExtraData.Text("private_key"));
        using var other = EvmKey.FromBytes(Keccak256.Hash("other"u8).ToArray());
        var service = domain.Address("verifyingContract");
        foreach (var (name, make) in Calls())
            foreach (var signer in (ServiceSigner[])[new(key, 314, service), new(key, 314159, key.Address), new(other, 314159, service)])
                make(signer).ShouldNotBe(Vectors.ExtraData.GetProperty(name).Hex("extraData"), name);
    }

    [Fact]
    public void ExtraData_OfOtherArguments_HasAnotherSignature()
    {
        using var key = EvmKey.FromHex(Vectors.ExtraData.Text("private_key"));
        var signer = Signer(key);
        var (cid, twin) = (PieceCid.Of("a"u8), PieceCid.Of("b"u8));
        byte[][] all =
        [
            signer.AddPieces(1, 2, [(cid, [])]), signer.AddPieces(2, 2, [(cid, [])]), signer.AddPieces(1, 3, [(cid, [])]), signer.AddPieces(1, 2, [(twin, [])]), signer.AddPieces(1, 2, [(cid, [new("k", "v")])]),
            signer.AddPieces(1, 2, [(cid, []), (twin, [])]), signer.AddPieces(1, 2, [(twin, []), (cid, [])]),
        ];
        all.Select(data => EvmHex.Encode(SignatureOf(data))).Distinct().Count().ShouldBe(all.Length);
        signer.AddPieces(1, 2, [(cid, [])]).ShouldBe(all[0], "the same request has the same bytes");

        static byte[] SignatureOf(byte[] data) => (byte[])AbiDecoder.Decode("(uint256,string[][],string[][],bytes)", data)[3];
    }

    private static ServiceSigner Signer(EvmKey key) => new(key, domain.Number("chainId"), domain.Address("verifyingContract"));

    private static IEnumerable<(string Name, Func<ServiceSigner, byte[]> Make)> Calls()
    {
        var create = Vectors.ExtraData.GetProperty("createDataSet").GetProperty("input");
        yield return ("createDataSet", signer => signer.CreateDataSet(create.Number("clientDataSetId"), create.Address("payee"), Entries(create)));
        var add = Vectors.ExtraData.GetProperty("addPieces").GetProperty("input");
        yield return ("addPieces", signer => signer.AddPieces(add.Number("clientDataSetId"), add.Number("nonce"), [.. add.GetProperty("pieces").EnumerateArray().Select(piece => (Cid(piece), Entries(piece)))]));
        var removals = Vectors.ExtraData.GetProperty("schedulePieceRemovals").GetProperty("input");
        yield return ("schedulePieceRemovals", signer => signer.SchedulePieceRemovals(removals.Number("clientDataSetId"), [.. removals.GetProperty("pieceIds").EnumerateArray().Select(Vectors.NumberOf)]));
        var terminate = Vectors.ExtraData.GetProperty("terminateService").GetProperty("input");
        yield return ("terminateService", signer => signer.TerminateService(terminate.Number("dataSetId")));

        static PieceCid Cid(JsonElement piece)
        {
            PieceCid.TryRead(piece.Hex("cid_hex"), out var cid).ShouldBeTrue();
            cid!.ToString().ShouldBe(piece.Text("pieceCid"));
            return cid;
        }
    }

    private static IReadOnlyList<ServiceEntry> Entries(JsonElement element) => [.. element.GetProperty("metadata").EnumerateArray().Select(entry => new ServiceEntry(entry.Text("key"), entry.Text("value")))];
}
