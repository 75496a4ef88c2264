using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Macs;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Parameters;

namespace Oort.Crypto.Tests.Ciphers;

/// <summary>The primitives once more, from another library: what the product computes is compared with what these compute.</summary>
internal static class Oracle
{
    public static byte[] Seal(byte[] key, byte[] nonce, byte[] associated, byte[] plaintext)
    {
        var gcm = new GcmBlockCipher(new AesEngine());
        gcm.Init(true, new AeadParameters(new KeyParameter(key), 128, nonce, associated));
        return Run(gcm, plaintext);
    }

    /// <exception cref="Org.BouncyCastle.Crypto.InvalidCipherTextException">The tag does not fit.</exception>
    public static byte[] Open(byte[] key, byte[] nonce, byte[] associated, byte[] sealedBytes)
    {
        var gcm = new GcmBlockCipher(new AesEngine());
        gcm.Init(false, new AeadParameters(new KeyParameter(key), 128, nonce, associated));
        return Run(gcm, sealedBytes);
    }

    public static byte[] Gmac(byte[] key, byte[] nonce, byte[] data)
    {
        var mac = new GMac(new GcmBlockCipher(new AesEngine()));
        mac.Init(new ParametersWithIV(new KeyParameter(key), nonce));
        mac.BlockUpdate(data, 0, data.Length);
        var tag = new byte[mac.GetMacSize()];
        mac.DoFinal(tag, 0);
        return tag;
    }

    /// <summary>HKDF-SHA256 with both steps.</summary>
    public static byte[] Hkdf(byte[] key, byte[] salt, byte[] info, int size) => Generate(new HkdfParameters(key, salt, info), size);

    /// <summary>HKDF-SHA256, second step only.</summary>
    public static byte[] HkdfExpand(byte[] key, byte[] info, int size = 32) => Generate(HkdfParameters.SkipExtractParameters(key, info), size);

    private static byte[] Generate(HkdfParameters parameters, int size)
    {
        var generator = new HkdfBytesGenerator(new Sha256Digest());
        generator.Init(parameters);
        var output = new byte[size];
        generator.GenerateBytes(output, 0, size);
        return output;
    }

    private static byte[] Run(GcmBlockCipher gcm, byte[] input)
    {
        var result = new byte[gcm.GetOutputSize(input.Length)];
        var length = gcm.ProcessBytes(input, 0, input.Length, result, 0);
        gcm.DoFinal(result, length);
        return result;
    }
}
