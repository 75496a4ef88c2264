using FsCheck;
using FsCheck.Fluent;
using Oort.Crypto.Tests.Ciphers;
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
        using var snapshot = keyring.BeginSnapshot();
        using var tagger = keyring.CreateTagger(dataId);
        var record = Seal(journal);
        var batch = Seal(snapshot);
        var tag = new byte[SegmentTagger.TagSize];
        tagger.Tag(1, 2, "cell"u8, tag);

        Keyring.TryOpen(keyring.Seal(root), root, out var opened, out var error).ShouldBeTrue();

        using var second = opened!;
        error.ShouldBe(KeyringError.None);
        second.Identity.ShouldBe(keyring.Identity);
        second.Generation.ShouldBe(2UL);
        second.CurrentKeyVersion.ShouldBe(2);
        second.KeyVersions.ShouldBe([1, 2]);
        Unwrap(second, version, wrapped).ShouldBe(dataKey);
        using var journalReader = second.OpenJournal(journal.Salt);
        journalReader.TryOpen(7, "head"u8, record, new byte[5]).ShouldBeTrue();
        using var snapshotReader = second.OpenSnapshot(snapshot.Salt);
        snapshotReader.TryOpen(7, "head"u8, batch, new byte[5]).ShouldBeTrue();
        using var secondTagger = second.CreateTagger(dataId);
        secondTagger.Verify(1, 2, "cell"u8, tag).ShouldBeTrue();

        static byte[] Seal(RecordCipher cipher)
        {
            var sealedRecord = new byte[5 + RecordCipher.Overhead];
            cipher.Seal(7, "head"u8, "hello"u8, sealedRecord);
            return sealedRecord;
        }
    }

    [Fact]
    public void OpenSecret_OfAnythingButWhatWasSealedForTheContext_GivesNothing()
    {
        using var root = Root(1);
        using var keyring = Keyring.Create(TimeProvider.System);
        var secret = "a key of another service"u8.ToArray();
        var sealedSecret = keyring.SealSecret("import/1"u8, secret);
        keyring.SealSecret("import/1"u8, secret).ShouldNotBe(sealedSecret);
        Keyring.TryOpen(keyring.Seal(root), root, out var opened, out _).ShouldBeTrue();
        using var second = opened!;
        second.RotateKeyEncryptionKey(TimeProvider.System);
        second.OpenSecret("import/1"u8, sealedSecret).ShouldBe(secret);

        second.OpenSecret("import/2"u8, sealedSecret).ShouldBeNull();
        for (var length = 0; length < sealedSecret.Length; length++) second.OpenSecret("import/1"u8, sealedSecret.AsSpan(0, length)).ShouldBeNull();
        for (var i = 0; i < sealedSecret.Length; i++)
        {
            var flipped = sealedSecret.ToArray();
            flipped[i] ^= 1;
            second.OpenSecret("import/1"u8, flipped).ShouldBeNull();
        }

        using var stranger = Keyring.Create(TimeProvider.System);
        stranger.OpenSecret("import/1"u8, sealedSecret).ShouldBeNull();
    }

    [Fact]
    public void Create_Twice_SharesNothing()
    {
        using var first = Keyring.Create(TimeProvider.System);
        using var second = Keyring.Create(TimeProvider.System);
        first.Identity.ShouldNotBe(second.Identity);
        var wrapped = first.WrapDataKey(dataId, dataKey, out var version);
        Should.Throw<DataKeyException>(() => Unwrap(second, version, wrapped)).Failure.ShouldBe(DataKeyFailure.Corrupt);
    }

    [Fact]
    public void Seal_Twice_UsesAnotherSalt()
    {
        using var root = Root(1);
        using var keyring = Keyring.Create(TimeProvider.System);
        keyring.Seal(root).ShouldNotBe(keyring.Seal(root));
    }

    [Fact]
    public void Seal_ReadByTheDecoderWrittenFromThePage_GivesTheSameKeys()
    {
        using var root = Root(9);
        using var keyring = Keyring.Create(TimeProvider.System);
        keyring.RotateKeyEncryptionKey(TimeProvider.System);
        keyring.RotateKeyEncryptionKey(TimeProvider.System);
        keyring.DestroyKeyEncryptionKey(2).ShouldBeTrue();
        var wrapped = keyring.WrapDataKey(dataId, dataKey, out var version);

        var naive = NaiveKeyring.Read(keyring.Seal(root), root.Span.ToArray());

        naive.Generation.ShouldBe(4UL);
        naive.LastKeyVersion.ShouldBe(3);
        naive.KeyEncryptionKeys.Keys.ShouldBe([1, 3]);
        naive.Unwrap(version, dataId, wrapped).ShouldBe(dataKey);
    }

    [Fact]
    public void TryOpen_EveryFlippedByte_EndsInItsError()
    {
        using var root = Root(1);
        using var keyring = Keyring.Create(TimeProvider.System);
        var bytes = keyring.Seal(root);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0x10;
            Keyring.TryOpen(bytes, root, out _, out var error).ShouldBeFalse();
            var expected = i switch
            {
                < KeyringSeal.FormatVersionOffset => new[] { KeyringError.NotAKeyring },
                < KeyringSeal.PayloadLengthOffset => [KeyringError.UnknownVersion],
                < KeyringSeal.IdentityOffset => [KeyringError.Truncated, KeyringError.Damaged],
                < KeyringSeal.SaltOffset => [KeyringError.Damaged],
                < KeyringSeal.HeaderSize => [KeyringError.WrongRoot],
                _ => [KeyringError.Damaged],
            };
            expected.ShouldContain(error, $"byte {i}");
            bytes[i] ^= 0x10;
        }
        Keyring.TryOpen(bytes, root, out var whole, out _).ShouldBeTrue();
        whole!.Dispose();
    }

    [Fact]
    public void TryOpen_EveryTruncation_EndsInItsError()
    {
        using var root = Root(1);
        using var keyring = Keyring.Create(TimeProvider.System);
        var bytes = keyring.Seal(root);
        for (var length = 0; length < bytes.Length; length++)
        {
            Keyring.TryOpen(bytes.AsSpan(0, length), root, out _, out var error).ShouldBeFalse();
            error.ShouldBe(length < KeyringSeal.Magic.Length ? KeyringError.NotAKeyring : KeyringError.Truncated, $"length {length}");
        }
    }

    [Fact]
    public void TryOpen_AuthenticPayloadOfAnyBytes_OpensOrIsDamaged() =>
        Prop.ForAll<byte[]>(payload =>
        {
            using var root = Root(1);
            var bytes = KeyringSeal.Seal(root.Span, 1, 1, new byte[KeyringSeal.SaltSize], payload);
            var opened = Keyring.TryOpen(bytes, root, out var keyring, out var error);
            keyring?.Dispose();
            return opened ? error == KeyringError.None : error == KeyringError.Damaged;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Rotate_OldKey_StillUnwrapsUntilDestroyed()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        var old = keyring.WrapDataKey(dataId, dataKey, out var oldVersion);
        keyring.RotateKeyEncryptionKey(TimeProvider.System).ShouldBe(2);
        var rewrapped = keyring.WrapDataKey(dataId, Unwrap(keyring, oldVersion, old), out var newVersion);
        newVersion.ShouldBe(2);

        keyring.DestroyKeyEncryptionKey(oldVersion).ShouldBeTrue();

        Should.Throw<DataKeyException>(() => Unwrap(keyring, oldVersion, old)).Failure.ShouldBe(DataKeyFailure.NoSuchKey);
        Unwrap(keyring, newVersion, rewrapped).ShouldBe(dataKey);
        keyring.DestroyKeyEncryptionKey(oldVersion).ShouldBeFalse();
        keyring.Generation.ShouldBe(3UL);
    }

    [Fact]
    public void Destroy_CurrentKey_IsRefused()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        Should.Throw<InvalidOperationException>(() => keyring.DestroyKeyEncryptionKey(1));
        keyring.CurrentKeyVersion.ShouldBe(1);
    }

    [Fact]
    public void Rotate_AfterReopeningWithNewestDestroyedNumber_NeverReusesIt()
    {
        using var root = Root(1);
        using var keyring = Keyring.Create(TimeProvider.System);
        keyring.RotateKeyEncryptionKey(TimeProvider.System);
        keyring.DestroyKeyEncryptionKey(1);
        Keyring.TryOpen(keyring.Seal(root), root, out var opened, out _).ShouldBeTrue();
        opened!.RotateKeyEncryptionKey(TimeProvider.System).ShouldBe(3);
        opened.KeyVersions.ShouldBe([2, 3]);
        opened.Dispose();
    }

    [Fact]
    public void Unwrap_OtherDataIdVersionOrBytes_ThrowsAndZeroesTheKey()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        keyring.RotateKeyEncryptionKey(TimeProvider.System);
        var wrapped = keyring.WrapDataKey(dataId, dataKey, out var version);
        wrapped.Length.ShouldBe(Keyring.WrappedKeySize);
        var key = dataKey.ToArray();

        Should.Throw<DataKeyException>(() => keyring.UnwrapDataKey(version, new byte[16], wrapped, key)).Failure.ShouldBe(DataKeyFailure.Corrupt);
        key.ShouldAllBe(b => b == 0);
        Should.Throw<DataKeyException>(() => keyring.UnwrapDataKey(1, dataId, wrapped, key)).Failure.ShouldBe(DataKeyFailure.Corrupt);
        Should.Throw<DataKeyException>(() => keyring.UnwrapDataKey(3, dataId, wrapped, key)).Failure.ShouldBe(DataKeyFailure.NoSuchKey);
        for (var i = 0; i < wrapped.Length; i++)
        {
            wrapped[i] ^= 1;
            Should.Throw<DataKeyException>(() => keyring.UnwrapDataKey(version, dataId, wrapped, key)).Failure.ShouldBe(DataKeyFailure.Corrupt);
            wrapped[i] ^= 1;
        }
    }

    [Fact]
    public void ToString_Keyring_TellsNothing()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        keyring.ToString().ShouldBe("***");
    }

    internal static RootKey Root(byte fill) => new([.. Enumerable.Repeat(fill, RootKey.Size)]);

    private static byte[] Unwrap(Keyring keyring, int version, byte[] wrapped)
    {
        var key = new byte[32];
        keyring.UnwrapDataKey(version, dataId, wrapped, key);
        return key;
    }
}
