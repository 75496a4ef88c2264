using System.Numerics;
using System.Security.Cryptography;
using Oort.Backends.Arweave.Hashing;
using Oort.Evm;

namespace Oort.Backends.Arweave.Tests.Support;

/// <summary>The wallets of the vectors. They live as long as the tests.</summary>
internal static class Wallets
{
    public static ArweaveKey Own { get; } = ArweaveKey.Read(Vectors.Bytes("wallet"));

    /// <summary>The key of ans104.json.</summary>
    public static EthereumItemKey Ethereum { get; } = new(EvmKey.FromHex(Vectors.Read("ans104").GetProperty("items")[0].GetProperty("private_key_hex").GetString()));

    public static ArweaveKey Bundler { get; } = ArweaveKey.Read(Vectors.Bytes("bundler"));

    /// <summary>Signs as others do: with a salt of any length (RFC 8017 §8.1.1 and §9.1.1), which .NET cannot.</summary>
    /// <param name="mark">In front of the salt; 1, unless it is to be wrong.</param>
    /// <param name="trailer">At the end; 0xbc, unless it is to be wrong.</param>
    public static byte[] Sign(string wallet, byte[] message, int saltSize, byte mark = 1, byte trailer = 0xbc)
    {
        var jwk = Vectors.Read(wallet);
        var salt = RandomNumberGenerator.GetBytes(saltSize);
        var hash = SHA256.HashData([.. new byte[8], .. SHA256.HashData(message), .. salt]);
        byte[] db = [.. new byte[512 - saltSize - 32 - 2], mark, .. salt];
        var mask = new List<byte>();
        for (var i = 0; mask.Count < db.Length; i++) mask.AddRange(SHA256.HashData([.. hash, 0, 0, 0, (byte)i]));
        for (var i = 0; i < db.Length; i++) db[i] ^= mask[i];
        db[0] &= 0x7f;
        var number = BigInteger.ModPow(Number([.. db, .. hash, trailer]), Number(jwk.Base64("d")), Number(jwk.Base64("n"))).ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[512 - number.Length], .. number];

        static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);
    }
}
