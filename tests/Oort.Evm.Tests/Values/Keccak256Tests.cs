using Org.BouncyCastle.Crypto.Digests;
using Shouldly;

namespace Oort.Evm.Tests.Values;

public sealed class Keccak256Tests
{
    private const int LengthMax = 4 * 136 + 1;

    [Theory]
    [InlineData("", "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")]
    [InlineData("0x616263", "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45")]
    public void Hash_OfKnownMessages_IsTheKnownOne(string message, string expected) =>
        Keccak256.Hash(message.Length == 0 ? [] : EvmHex.Decode(message)).ToString().ShouldBe(expected);

    [Fact]
    public void Hash_OfEachLength_IsTheOracles()
    {
        var bytes = new byte[LengthMax];
        new Random(1).NextBytes(bytes);
        for (var length = 0; length <= LengthMax; length++) Keccak256.Hash(bytes.AsSpan(0, length)).ToArray().ShouldBe(Oracle(bytes[..length]), $"{length} bytes");
    }

    [Fact]
    public void Running_OverAnyParts_IsTheHashOfTheWhole()
    {
        var random = new Random(2);
        var keccak = new Keccak256();
        for (var round = 0; round < 200; round++)
        {
            var bytes = new byte[random.Next(LengthMax)];
            random.NextBytes(bytes);
            for (var position = 0; position < bytes.Length;)
            {
                var length = Math.Min(random.Next(200), bytes.Length - position);
                keccak.Append(bytes.AsSpan(position, length));
                position += length;
            }

            // The instance begins anew each time.
            keccak.Finish().ShouldBe(Keccak256.Hash(bytes), $"round {round}");
        }
    }

    private static byte[] Oracle(byte[] message)
    {
        var digest = new KeccakDigest(256);
        digest.BlockUpdate(message, 0, message.Length);
        var hash = new byte[32];
        digest.DoFinal(hash, 0);
        return hash;
    }
}
