using System.Numerics;
using System.Text.Json;
using Oort.Evm.Tests.Support;
using Shouldly;

namespace Oort.Evm.Tests.TypedData;

public sealed class TypedDataTests
{
    private static readonly TypedDataDomain storage = new()
    {
        Name = "FilecoinWarmStorageService",
        Version = "1",
        ChainId = 314159,
        VerifyingContract = EvmAddress.Parse("0x02925630df557F957f70E112bA06e50965417CA0"),
    };

    private static readonly TypedDataTypes types = new(
        "MetadataEntry(string key,string value)",
        "CreateDataSet(uint256 clientDataSetId,address payee,MetadataEntry[] metadata)",
        "Cid(bytes data)",
        "PieceMetadata(uint256 pieceIndex,MetadataEntry[] metadata)",
        "AddPieces(uint256 clientDataSetId,uint256 nonce,Cid[] pieceData,PieceMetadata[] pieceMetadata)",
        "SchedulePieceRemovals(uint256 clientDataSetId,uint256[] pieceIds)",
        "TerminateService(uint256 dataSetId)");

    [Fact]
    public void Digest_TheExampleOfEip712_IsItsOwn()
    {
        var mail = new TypedDataTypes("Mail(Person from,Person to,string contents)", "Person(string name,address wallet)");
        var domain = new TypedDataDomain { Name = "Ether Mail", Version = "1", ChainId = 1, VerifyingContract = EvmAddress.Parse("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC") };
        object[] cow = ["Cow", EvmAddress.Parse("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826")], bob = ["Bob", EvmAddress.Parse("0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB")];
        mail.EncodeType("Mail").ShouldBe("Mail(Person from,Person to,string contents)Person(string name,address wallet)");
        domain.Separator().ToString().ShouldBe("0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");
        mail.HashStruct("Mail", cow, bob, "Hello, Bob!").ToString().ShouldBe("0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");
        var digest = mail.Digest(domain, "Mail", cow, bob, "Hello, Bob!");
        digest.ToString().ShouldBe("0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
        using var key = EvmKey.FromBytes(Keccak256.Hash("cow"u8).ToArray());
        key.Sign(digest).ToString().ShouldBe("0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c");
    }

    [Fact]
    public void Recover_TheContractsOwnSignatures_IsTheirSigner()
    {
        var vectors = Vectors.ExternalSignatures;
        var signer = vectors.Address("signer");
        foreach (var (name, digest) in ExternalDigests(storage)) Signer(vectors.GetProperty(name).Hex("signature"), digest).ShouldBe(signer, name);

        // Each field of the domain counts.
        foreach (var other in new[] { storage with { Name = "x" }, storage with { Version = "2" }, storage with { ChainId = 314 }, storage with { VerifyingContract = signer }, storage with { Salt = default(EvmHash) }, storage with { Version = null } })
            foreach (var (name, digest) in ExternalDigests(other)) Signer(vectors.GetProperty(name).Hex("signature"), digest).ShouldNotBe(signer, name);
    }

    [Fact]
    public void Recover_AContractsSignatureWithAFlippedByte_IsRefusedOrAnothers()
    {
        var vectors = Vectors.ExternalSignatures;
        foreach (var (name, digest) in ExternalDigests(storage))
            foreach (var bytes in Mutations.Flipped(vectors.GetProperty(name).Hex("signature"))) Signer(bytes, digest).ShouldNotBe(vectors.Address("signer"), name);
    }

    [Fact]
    public void Sign_ExtraDataOfTheVectors_IsTheirs()
    {
        using var key = Vectors.Key();
        var vectors = Vectors.ExtraData;
        var create = vectors.GetProperty("createDataSet").GetProperty("input");
        var (keys, values) = (create.GetProperty("metadata").EnumerateArray().Select(entry => (object)entry.Text("key")).ToArray(), create.GetProperty("metadata").EnumerateArray().Select(entry => (object)entry.Text("value")).ToArray());
        var signature = key.Sign(types.Digest(storage, "CreateDataSet", create.Number("clientDataSetId"), create.Address("payee"), Entries(create.GetProperty("metadata"))));
        AbiEncoder.Encode("(address,uint256,string[],string[],bytes)", key.Address, create.Number("clientDataSetId"), keys, values, signature.ToArray()).ShouldBe(vectors.GetProperty("createDataSet").Hex("extraData"));

        var add = vectors.GetProperty("addPieces").GetProperty("input");
        var parts = add.GetProperty("pieces").EnumerateArray().ToArray();
        signature = key.Sign(types.Digest(storage, "AddPieces", add.Number("clientDataSetId"), add.Number("nonce"),
            parts.Select(part => (object)new object[] { part.Hex("cid_hex") }).ToArray(),
            parts.Select((part, index) => (object)new object[] { index, Entries(part.GetProperty("metadata")) }).ToArray()));
        AbiEncoder.Encode("(uint256,string[][],string[][],bytes)", add.Number("nonce"), parts.Select(part => Texts(part, "key")).ToArray(), parts.Select(part => Texts(part, "value")).ToArray(), signature.ToArray())
            .ShouldBe(vectors.GetProperty("addPieces").Hex("extraData"));

        var removals = vectors.GetProperty("schedulePieceRemovals").GetProperty("input");
        signature = key.Sign(types.Digest(storage, "SchedulePieceRemovals", removals.Number("clientDataSetId"), removals.GetProperty("pieceIds").EnumerateArray().Select(id => BigInteger.Parse(id.GetString()!, System.Globalization.CultureInfo.InvariantCulture)).ToArray()));
        AbiEncoder.Encode("(bytes)", signature.ToArray()).ShouldBe(vectors.GetProperty("schedulePieceRemovals").Hex("extraData"));

        var terminate = vectors.GetProperty("terminateService").GetProperty("input");
        signature = key.Sign(types.Digest(storage, "TerminateService", terminate.Number("dataSetId")));
        AbiEncoder.Encode("(bytes)", signature.ToArray()).ShouldBe(vectors.GetProperty("terminateService").Hex("extraData"));
    }

    [Fact]
    public void Sign_ThePermitOfTheVectors_IsTheirs()
    {
        using var key = Vectors.Key();
        var permit = Vectors.ExtraData.GetProperty("permit");
        var input = permit.GetProperty("input");
        var domain = new TypedDataDomain { Name = input.Text("name"), Version = input.Text("version"), ChainId = 314159, VerifyingContract = input.Address("token") };
        var digest = new TypedDataTypes("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
            .Digest(domain, "Permit", key.Address, input.Address("spender"), input.Number("amount"), input.Number("nonce"), input.Number("deadline"));
        key.Sign(digest).ToString().ShouldBe(permit.Text("signature"));
    }

    [Fact]
    public void EncodeType_HasTheStructsWithinByName()
    {
        types.EncodeType("AddPieces").ShouldBe(
            "AddPieces(uint256 clientDataSetId,uint256 nonce,Cid[] pieceData,PieceMetadata[] pieceMetadata)Cid(bytes data)MetadataEntry(string key,string value)PieceMetadata(uint256 pieceIndex,MetadataEntry[] metadata)");
        Should.Throw<ArgumentException>(() => types.EncodeType("Nobody"));
    }

    [Fact]
    public void Arrays_AreHashedByTheirElements()
    {
        var lists = new TypedDataTypes("A(uint256[] n)", "B(uint256[2] n)", "C(uint256[][] n)");
        lists.HashStruct("A", (object)new BigInteger[] { 1, 2 }).ShouldNotBe(lists.HashStruct("A", (object)new BigInteger[] { 2, 1 }));
        Should.Throw<ArgumentException>(() => lists.HashStruct("B", (object)new BigInteger[] { 1 }));
        var inner = Keccak256.Hash([.. new byte[31], 1]);
        var expected = Keccak256.Hash([.. Keccak256.Hash("C(uint256[][] n)"u8).ToArray(), .. Keccak256.Hash(inner.ToArray()).ToArray()]);
        lists.HashStruct("C", (object)new object[] { new BigInteger[] { 1 } }).ShouldBe(expected);
    }

    [Theory]
    [InlineData("A")]
    [InlineData("A(uint256)")]
    [InlineData("A(uint256 n")]
    [InlineData("A(uint256 n, uint256 m)")]
    [InlineData("A( uint256 n)")]
    [InlineData("A(uint256  n)")]
    [InlineData("A(uint n)")]
    [InlineData("A(A n)")]
    [InlineData("A(A[] n)")]
    [InlineData("A(Missing n)")]
    [InlineData("A(uint256[0] n)")]
    [InlineData("A(uint256[ n)")]
    [InlineData("uint256(bool n)")]
    [InlineData("(bool n)")]
    public void Struct_ThatIsNone_IsRefused(string definition) => Should.Throw<ArgumentException>(() => new TypedDataTypes(definition));

    [Fact]
    public void Structs_InACircleOrTwice_AreRefused()
    {
        Should.Throw<ArgumentException>(() => new TypedDataTypes("A(B b)", "B(A a)"));
        Should.Throw<ArgumentException>(() => new TypedDataTypes("A(bool b)", "A(bool c)"));
        new TypedDataTypes("A(B b,B c)", "B(bool a)").EncodeType("A").ShouldBe("A(B b,B c)B(bool a)");
    }

    [Fact]
    public void Values_OfOtherTypes_AreRefused()
    {
        Should.Throw<ArgumentException>(() => types.HashStruct("TerminateService"));
        Should.Throw<ArgumentException>(() => types.HashStruct("TerminateService", 1, 2));
        Should.Throw<ArgumentException>(() => types.HashStruct("TerminateService", -1));
        Should.Throw<ArgumentException>(() => types.HashStruct("Cid", "x"));
        Should.Throw<ArgumentException>(() => types.HashStruct("PieceMetadata", 1, 2));
        Should.Throw<ArgumentException>(() => types.HashStruct("PieceMetadata", 1, new object[] { 1 }));
    }

    private static IEnumerable<(string Name, EvmHash Digest)> ExternalDigests(TypedDataDomain domain)
    {
        var vectors = Vectors.ExternalSignatures;
        var create = vectors.GetProperty("createDataSet");
        yield return ("createDataSet", types.Digest(domain, "CreateDataSet", create.Number("clientDataSetId"), create.Address("payee"), Entries(create.GetProperty("metadata"))));
        var add = vectors.GetProperty("addPieces");
        yield return ("addPieces", types.Digest(domain, "AddPieces", add.Number("clientDataSetId"), add.Number("nonce"),
            add.GetProperty("pieceCidBytes").EnumerateArray().Select(cid => (object)new object[] { EvmHex.Decode(cid.GetString()!) }).ToArray(),
            add.GetProperty("metadata").EnumerateArray().Select((entries, index) => (object)new object[] { index, Entries(entries) }).ToArray()));
        var removals = vectors.GetProperty("schedulePieceRemovals");
        yield return ("schedulePieceRemovals", types.Digest(domain, "SchedulePieceRemovals", removals.Number("clientDataSetId"), removals.GetProperty("pieceIds").EnumerateArray().Select(id => id.GetInt32()).ToArray()));
        yield return ("terminateService", types.Digest(domain, "TerminateService", vectors.GetProperty("terminateService").Number("dataSetId")));
    }

    private static object[] Entries(JsonElement metadata) => [.. metadata.EnumerateArray().Select(entry => (object)new object[] { entry.Text("key"), entry.Text("value") })];

    private static object[] Texts(JsonElement part, string name) => [.. part.GetProperty("metadata").EnumerateArray().Select(entry => (object)entry.Text(name))];

    private static EvmAddress? Signer(byte[] signature, EvmHash digest) => EvmSignature.TryParse(signature, out var parsed) && parsed.TryRecover(digest, out var address) ? address : null;
}
