using System.Security.Cryptography;
using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Ciphers;

/// <summary>Published vectors, run through the platform's primitives and through the oracle that the other tests compare with.</summary>
public sealed class OfficialVectorTests
{
    /// <summary>RFC 5869, appendix A.1 and A.2.</summary>
    [Theory]
    [InlineData("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")]
    [InlineData(
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
        "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
        "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87")]
    public void Hkdf_Rfc5869_GivesItsOutput(string key, string salt, string info, string output)
    {
        var expected = Convert.FromHexString(output);
        var derived = new byte[expected.Length];
        KeyDerivation.FromRoot(Convert.FromHexString(key), Convert.FromHexString(salt), Convert.FromHexString(info), derived);
        derived.ShouldBe(expected);
        Oracle.Hkdf(Convert.FromHexString(key), Convert.FromHexString(salt), Convert.FromHexString(info), expected.Length).ShouldBe(expected);
    }

    /// <summary>McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 13, 14 and 16 (256-bit keys).</summary>
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "00000000000000000000000000000000",
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")]
    [InlineData("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b")]
    public void Gcm_PublishedCase_GivesItsOutput(string key, string nonce, string associated, string plaintext, string sealedHex)
    {
        var text = Convert.FromHexString(plaintext);
        var expected = Convert.FromHexString(sealedHex);
        using var aes = new AesGcm(Convert.FromHexString(key), 16);
        var sealedBytes = new byte[text.Length + 16];
        aes.Encrypt(Convert.FromHexString(nonce), text, sealedBytes.AsSpan(0, text.Length), sealedBytes.AsSpan(text.Length), Convert.FromHexString(associated));
        sealedBytes.ShouldBe(expected);
        Oracle.Seal(Convert.FromHexString(key), Convert.FromHexString(nonce), Convert.FromHexString(associated), text).ShouldBe(expected);
    }
}
