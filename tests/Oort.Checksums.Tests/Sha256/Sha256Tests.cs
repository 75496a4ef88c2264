using System.Security.Cryptography;
using System.Text;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

/// <summary>Both engines against published vectors, and against each other. What differs would lock every client out.</summary>
public sealed class Sha256Tests
{
    private static readonly LibcryptoSha256 Direct = new();
    private static readonly PlatformSha256 Platform = new();

    public static TheoryData<bool> Engines => new(true, false);

    // FIPS 180-4's examples and NIST's of two blocks; the last is a million times "a".
    public static TheoryData<bool, string, int, string> Hashes
    {
        get
        {
            var data = new TheoryData<bool, string, int, string>();
            foreach (var isDirect in (bool[])[true, false])
            {
                data.Add(isDirect, "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
                data.Add(isDirect, "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
                data.Add(isDirect, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
                data.Add(isDirect, "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
                data.Add(isDirect, "a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
            }

            return data;
        }
    }

    // RFC 4231 §4: keys shorter than, as long as, and longer than a hash and a block.
    public static TheoryData<bool, string, string, string> Macs
    {
        get
        {
            var data = new TheoryData<bool, string, string, string>();
            foreach (var isDirect in (bool[])[true, false])
            {
                data.Add(isDirect, Repeat("0b", 20), Hex("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
                data.Add(isDirect, Hex("Jefe"), Hex("what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
                data.Add(isDirect, Repeat("aa", 20), Repeat("dd", 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
                data.Add(isDirect, "0102030405060708090a0b0c0d0e0f10111213141516171819", Repeat("cd", 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
                data.Add(isDirect, Repeat("aa", 131), Hex("Test Using Larger Than Block-Size Key - Hash Key First"), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
                data.Add(isDirect, Repeat("aa", 131), Hex("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm."), "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Hashes))]
    public void Hash_PublishedVector_Equals(bool isDirect, string text, int repeat, string expected)
    {
        var data = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(text, repeat)));
        var hash = new byte[Sha256.Size];
        Engine(isDirect).Hash(data, hash);
        Convert.ToHexStringLower(hash).ShouldBe(expected);

        using var running = Engine(isDirect).Start();
        for (var from = 0; from < data.Length; from += 997) running.Append(data.AsSpan(from, Math.Min(997, data.Length - from)));
        running.Finish(hash);
        Convert.ToHexStringLower(hash).ShouldBe(expected);
    }

    [Theory]
    [MemberData(nameof(Macs))]
    public void Hmac_PublishedVector_Equals(bool isDirect, string key, string message, string expected)
    {
        var keyBytes = Convert.FromHexString(key);
        var messageBytes = Convert.FromHexString(message);
        var mac = new byte[Sha256.Size];
        Engine(isDirect).Hmac(keyBytes, messageBytes, mac);
        Convert.ToHexStringLower(mac).ShouldBe(expected);

        using var keyed = Engine(isDirect).CreateHmac(keyBytes);
        CryptographicOperations.ZeroMemory(keyBytes);
        for (var i = 0; i < 2; i++)
        {
            Array.Clear(mac);
            keyed.Compute(messageBytes, mac);
            Convert.ToHexStringLower(mac).ShouldBe(expected);
        }
    }

    [Fact]
    public void Engines_EveryLengthToFourBlocks_Agree()
    {
        var bytes = TestBytes.Create(4 * 64 + 1, seed: 7);
        Assert.SkipUnless(LibcryptoSha256.IsUsable(), "OpenSSL 3 is not here: there is nothing to compare.");
        var (direct, platform) = (new byte[Sha256.Size], new byte[Sha256.Size]);
        for (var length = 0; length <= bytes.Length; length++)
        {
            var data = bytes.AsSpan(0, length);
            Direct.Hash(data, direct);
            Platform.Hash(data, platform);
            direct.ShouldBe(platform, $"hash of {length}");
            Direct.Hmac(data, bytes, direct);
            Platform.Hmac(data, bytes, platform);
            direct.ShouldBe(platform, $"key of {length}");
            Direct.Hmac(bytes, data, direct);
            Platform.Hmac(bytes, data, platform);
            direct.ShouldBe(platform, $"message of {length}");
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Running_SplitAtEveryByte_EqualsWhole(bool isDirect)
    {
        var bytes = TestBytes.Create(200, seed: 8);
        var expected = SHA256.HashData(bytes);
        var hash = new byte[Sha256.Size];
        using var running = Engine(isDirect).Start();
        for (var at = 0; at <= bytes.Length; at++)
        {
            running.Append(bytes.AsSpan(0, at));
            running.Append(bytes.AsSpan(at));
            running.Finish(hash);
            hash.ShouldBe(expected);
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Hmac_IntoItsOwnKey_IsTheCodeUnderTheKeyThatWas(bool isDirect)
    {
        var key = TestBytes.Create(Sha256.Size, seed: 9);
        var expected = HMACSHA256.HashData(key, "text"u8);
        Engine(isDirect).Hmac(key, "text"u8, key);
        key.ShouldBe(expected);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Hmac_OneKeyOnManyThreads_GivesEachItsOwn(bool isDirect)
    {
        var key = TestBytes.Create(Sha256.Size, seed: 10);
        using var keyed = Engine(isDirect).CreateHmac(key);
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), TestContext.Current.CancellationToken, (i, _) =>
        {
            var message = TestBytes.Create(i, seed: i);
            var mac = new byte[Sha256.Size];
            keyed.Compute(message, mac);
            mac.ShouldBe(HMACSHA256.HashData(key, message));
            return ValueTask.CompletedTask;
        });
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Hmac_DisposedKey_Throws(bool isDirect)
    {
        var keyed = Engine(isDirect).CreateHmac("key"u8);
        keyed.Dispose();
        Should.Throw<ObjectDisposedException>(() => keyed.Compute("text"u8, new byte[Sha256.Size]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Destination_AnyOtherLength_IsRefused(int length)
    {
        using var running = RunningSha256.Create();
        using var keyed = HmacSha256.Create("key"u8);
        Should.Throw<ArgumentException>(() => Sha256.Hash([], new byte[length]));
        Should.Throw<ArgumentException>(() => running.Finish(new byte[length]));
        Should.Throw<ArgumentException>(() => keyed.Compute([], new byte[length]));
        Should.Throw<ArgumentException>(() => HmacSha256.Compute([], [], new byte[length]));
    }

    [Fact]
    public void HmacSha256_Printed_ShowsNothing()
    {
        using var keyed = HmacSha256.Create("key"u8);
        keyed.ToString().ShouldBe("***");
    }

    [Fact]
    public void Engine_WhereTheLibraryIs_IsTheDirectOne() =>
        Sha256.Engine.GetType().ShouldBe(LibcryptoSha256.IsUsable() ? typeof(LibcryptoSha256) : typeof(PlatformSha256));

    private static ISha256Engine Engine(bool isDirect)
    {
        // Where the library is missing, the engine that runs there is tested twice instead of not at all.
        return isDirect && LibcryptoSha256.IsUsable() ? Direct : Platform;
    }

    private static string Hex(string text) => Convert.ToHexStringLower(Encoding.ASCII.GetBytes(text));

    private static string Repeat(string hex, int count) => string.Concat(Enumerable.Repeat(hex, count));
}
