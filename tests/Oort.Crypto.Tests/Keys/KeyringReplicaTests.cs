using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Keys;

public sealed class KeyringReplicaTests
{
    private readonly RootKey root = KeyringTests.Root(1);

    [Fact]
    public void TryOpenNewest_OldAndNewReplicas_TakesTheHighestGeneration()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        var old = keyring.Seal(root);
        keyring.RotateKeyEncryptionKey(TimeProvider.System);
        var rotated = keyring.Seal(root);

        Opened([old, rotated, old]).Generation.ShouldBe(2UL);
        Opened([rotated, old]).Generation.ShouldBe(2UL);
    }

    [Fact]
    public void TryOpenNewest_SomeDamaged_PassesThemOver()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        var good = keyring.Seal(root);
        var newerButDamaged = good.ToArray();
        newerButDamaged[KeyringSeal.GenerationOffset] = 0xff;
        var flippedVersion = good.ToArray();
        flippedVersion[KeyringSeal.FormatVersionOffset] ^= 2;

        Opened([[], newerButDamaged, flippedVersion, good[..50], good]).Generation.ShouldBe(1UL);
    }

    [Fact]
    public void TryOpenNewest_TwoContentsOfOneGeneration_TakesTheMoreFrequent()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        var old = keyring.Seal(root);
        Keyring.TryOpen(old, root, out var other, out _).ShouldBeTrue();
        keyring.RotateKeyEncryptionKey(TimeProvider.System);
        other!.RotateKeyEncryptionKey(TimeProvider.System);
        var wrapped = keyring.WrapDataKey(new byte[16], new byte[32], out var version);
        var minority = other.Seal(root);

        var newest = Opened([minority, old, keyring.Seal(root), keyring.Seal(root), old]);

        newest.UnwrapDataKey(version, new byte[16], wrapped, new byte[32]);
        Should.Throw<DataKeyException>(() => other.UnwrapDataKey(version, new byte[16], wrapped, new byte[32]));
    }

    [Fact]
    public void TryOpenNewest_TwoClusters_IsRefused()
    {
        using var one = Keyring.Create(TimeProvider.System);
        using var two = Keyring.Create(TimeProvider.System);
        Refused([one.Seal(root), two.Seal(root)]).ShouldBe(KeyringError.Mixed);
    }

    [Fact]
    public void TryOpenNewest_MostAreOfANewerFormat_IsRefusedRatherThanRewound()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        var old = keyring.Seal(root);
        var newer = old.ToArray();
        newer[KeyringSeal.FormatVersionOffset] = 2;
        Refused([newer, old, newer]).ShouldBe(KeyringError.UnknownVersion);
    }

    [Fact]
    public void TryOpenNewest_NoneOpens_GivesTheErrorThatSaysMost()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        using var otherRoot = KeyringTests.Root(2);
        var damaged = keyring.Seal(root);
        damaged[^1] ^= 1;
        Refused([]).ShouldBe(KeyringError.NotAKeyring);
        Refused([[], damaged]).ShouldBe(KeyringError.Damaged);
        Refused([damaged[..100], keyring.Seal(otherRoot), damaged]).ShouldBe(KeyringError.WrongRoot);
    }

    private Keyring Opened(byte[][] replicas)
    {
        Keyring.TryOpenNewest(replicas.Select(replica => (ReadOnlyMemory<byte>)replica), root, out var keyring, out var error).ShouldBeTrue();
        error.ShouldBe(KeyringError.None);
        return keyring!;
    }

    private KeyringError Refused(byte[][] replicas)
    {
        Keyring.TryOpenNewest(replicas.Select(replica => (ReadOnlyMemory<byte>)replica), root, out var keyring, out var error).ShouldBeFalse();
        keyring.ShouldBeNull();
        return error;
    }
}
