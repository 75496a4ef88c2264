using System.Security.Cryptography;
using Oort.Crypto.Tests.Ciphers;
using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Aes;

/// <summary>Both implementations against published vectors, a third library and each other's refusals.</summary>
public sealed class AesGcmTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, AesGcmKeys.KeySize).Select(static i => (byte)i)];
    private static readonly byte[] Nonce = [.. Enumerable.Range(100, AesGcmKeys.NonceSize).Select(static i => (byte)i)];

    public static TheoryData<bool> Implementations => new(true, false);

    // McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 13, 14 and 16 (256-bit keys).
    public static TheoryData<bool, string, string, string, string, string> Published
    {
        get
        {
            var data = new TheoryData<bool, string, string, string, string, string>();
            foreach (var isDirect in (bool[])[true, false])
            {
                var zeros = new string('0', 64);
                data.Add(isDirect, zeros, zeros[..24], "", "", "530f8afbc74536b9a963b4f1c4cb738b");
                data.Add(isDirect, zeros, zeros[..24], "", zeros[..32], "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
                data.Add(isDirect, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Encrypt_PublishedCase_GivesItsOutput(bool isDirect, string key, string nonce, string associated, string plaintext, string sealedHex)
    {
        var text = Convert.FromHexString(plaintext);
        using var aes = Create(isDirect, Convert.FromHexString(key));
        var bytes = Seal(aes, Convert.FromHexString(nonce), Convert.FromHexString(associated), text);
        Convert.ToHexStringLower(bytes).ShouldBe(sealedHex);
        Open(aes, Convert.FromHexString(nonce), Convert.FromHexString(associated), bytes).ShouldBe(text);
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Encrypt_ManyLengthsUnderOneKey_AgreesWithAnotherLibraryAndOpens(bool isDirect)
    {
        using var aes = Create(isDirect, Key);
        foreach (var length in (int[])[0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129, 255, 1000, 4096, 65_520])
        {
            var text = Bytes(length, seed: 1);
            foreach (var associated in (byte[][])[[], Bytes(26, seed: 2), Bytes(65_536, seed: 3)])
            {
                var nonce = Bytes(AesGcmKeys.NonceSize, seed: length);
                var bytes = Seal(aes, nonce, associated, text);
                bytes.ShouldBe(Oracle.Seal(Key, nonce, associated, text), $"{length} bytes, {associated.Length} associated");
                Open(aes, nonce, associated, bytes).ShouldBe(text);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void TryDecrypt_AnyFlippedByte_GivesZerosAndTheKeyGoesOnWorking(bool isDirect)
    {
        using var aes = Create(isDirect, Key);
        var associated = Bytes(20, seed: 4);
        var text = Bytes(50, seed: 5);
        var bytes = Seal(aes, Nonce, associated, text);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0x40;
            Open(aes, Nonce, associated, bytes).ShouldBeNull($"byte {i}");
            bytes[i] ^= 0x40;
        }

        for (var i = 0; i < associated.Length; i++)
        {
            associated[i] ^= 1;
            Open(aes, Nonce, associated, bytes).ShouldBeNull($"associated byte {i}");
            associated[i] ^= 1;
        }

        Open(aes, [.. Nonce[..^1], 0], associated, bytes).ShouldBeNull();
        Open(aes, Nonce, associated, bytes).ShouldBe(text);
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void BothWays_InPlace_EqualWithTwoBuffers(bool isDirect)
    {
        using var aes = Create(isDirect, Key);
        var text = Bytes(1000, seed: 6);
        var expected = Seal(aes, Nonce, [], text);
        var place = new byte[text.Length + AesGcmKeys.TagSize];
        text.CopyTo(place, 0);
        aes.Encrypt(Nonce, place.AsSpan(0, text.Length), place.AsSpan(0, text.Length), place.AsSpan(text.Length), []);
        place.ShouldBe(expected);
        aes.TryDecrypt(Nonce, place.AsSpan(0, text.Length), place.AsSpan(text.Length), place.AsSpan(0, text.Length), []).ShouldBeTrue();
        place.AsSpan(0, text.Length).ToArray().ShouldBe(text);
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Create_KeyClearedAfterwards_HasItsOwnCopy(bool isDirect)
    {
        var key = Key.ToArray();
        using var aes = Create(isDirect, key);
        CryptographicOperations.ZeroMemory(key);
        Seal(aes, Nonce, [], [1, 2, 3]).ShouldBe(Oracle.Seal(Key, Nonce, [], [1, 2, 3]));
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void EitherWay_WrongLength_IsRefused(bool isDirect)
    {
        using var aes = Create(isDirect, Key);
        var (text, tag) = (new byte[10], new byte[AesGcmKeys.TagSize]);
        Should.Throw<ArgumentException>(() => aes.Encrypt(new byte[11], text, text, tag, []));
        Should.Throw<ArgumentException>(() => aes.Encrypt(Nonce, text, text.AsSpan(1), tag, []));
        Should.Throw<ArgumentException>(() => aes.Encrypt(Nonce, text, text, tag.AsSpan(1), []));
        Should.Throw<ArgumentException>(() => aes.TryDecrypt(new byte[13], text, tag, text, []));
        Should.Throw<ArgumentException>(() => aes.TryDecrypt(Nonce, text, tag, text.AsSpan(1), []));
        Should.Throw<ArgumentException>(() => aes.TryDecrypt(Nonce, text, tag.AsSpan(1), text, []));
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void EitherWay_Disposed_Throws(bool isDirect)
    {
        var aes = Create(isDirect, Key);
        aes.Dispose();
        var (text, tag) = (new byte[10], new byte[AesGcmKeys.TagSize]);
        Should.Throw<ObjectDisposedException>(() => aes.Encrypt(Nonce, text, text, tag, []));
        Should.Throw<ObjectDisposedException>(() => aes.TryDecrypt(Nonce, text, tag, text, []));
    }

    private static IAesGcm Create(bool isDirect, byte[] key)
    {
        // Where the library is missing, the implementation that runs there is tested twice instead of not at all.
        return isDirect && LibcryptoAesGcm.IsUsable ? new LibcryptoAesGcm(key) : new PlatformAesGcm(key);
    }

    private static byte[] Seal(IAesGcm aes, byte[] nonce, byte[] associated, byte[] text)
    {
        var bytes = new byte[text.Length + AesGcmKeys.TagSize];
        aes.Encrypt(nonce, text, bytes.AsSpan(0, text.Length), bytes.AsSpan(text.Length), associated);
        return bytes;
    }

    // Null when it is refused, and then the destination must be zeros.
    private static byte[]? Open(IAesGcm aes, byte[] nonce, byte[] associated, byte[] bytes)
    {
        var text = Bytes(bytes.Length - AesGcmKeys.TagSize, seed: 99);
        if (aes.TryDecrypt(nonce, bytes.AsSpan(0, text.Length), bytes.AsSpan(text.Length), text, associated)) return text;
        text.ShouldAllBe(static b => b == 0);
        return null;
    }

    private static byte[] Bytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
