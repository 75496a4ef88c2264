using System.Security.Cryptography;
using System.Text.Json;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Tests.Support;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Hashing;

public sealed class DeepHashTests
{
    [Fact]
    public void DeepHash_Vectors_AreMet()
    {
        var cases = Vectors.Read("deephash").EnumerateArray().ToList();
        cases.Count.ShouldBe(5);
        foreach (var one in cases) Of(one.GetProperty("input_hex")).ShouldBe(one.Hex("deep_hash_hex"), one.GetProperty("name").GetString());

        static byte[] Of(JsonElement input) => input.ValueKind == JsonValueKind.Array
            ? DeepHash.OfList([.. input.EnumerateArray().Select(Of)])
            : DeepHash.OfBytes(Convert.FromHexString(input.GetString()!));
    }

    [Fact]
    public void DeepHash_OfBytesHashedElsewhere_IsTheSame()
    {
        var bytes = Vectors.Pattern(100_000);
        DeepHash.OfHashed(bytes.Length, SHA384.HashData(bytes)).ShouldBe(DeepHash.OfBytes(bytes));
        DeepHash.OfHashed(bytes.Length - 1, SHA384.HashData(bytes)).ShouldNotBe(DeepHash.OfBytes(bytes));
    }
}
