using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Keys;

public sealed class KeyringTests
{
    private static readonly byte[] dataId = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
    private static readonly byte[] dataKey = [.. Enumerable.Range(50, 32).Select(i => (byte)i)];

    [Fact]
    public void SealAndTryOpen_SameRoot_GivesTheSameKeys()
    {
        using var root = Root(1);
        using var keyring = Keyring.Create(TimeProvider.System);
        var wrapped = keyring.WrapDataKey(dataId, dataKey, out var version);
        keyring.RotateKeyEncryptionKey(TimeProvider.System).ShouldBe(2);
        using var journal = keyring.BeginJournal();
        var record = new byte[5 + RecordCipher.Overhead];
        journal.Seal(7, "head"u8, "hello"u8, record);

        Keyring.TryOpen(keyring.Seal(root), root, out var opened, out var error).ShouldBeTrue();

        error.ShouldBe(KeyringError.None);
        opened!.Identity.ShouldBe(keyring.Identity);
        opened.Generation.ShouldBe(2UL);
        opened.CurrentKeyVersion.ShouldBe(2);
        opened.KeyVersions.ShouldBe([1, 2]);
        var key = new byte[32];
        opened.UnwrapDataKey(version, dataId, wrapped, key);
        key.ShouldBe(dataKey);
        using var reader = opened.OpenJournal(journal.Salt);
        var plain = new byte[5];
        reader.TryOpen(7, "head"u8, record, plain).ShouldBeTrue();
        plain.ShouldBe("hello"u8.ToArray());
        opened.Dispose();
    }

    internal static RootKey Root(byte fill) => new([.. Enumerable.Repeat(fill, RootKey.Size)]);
}
