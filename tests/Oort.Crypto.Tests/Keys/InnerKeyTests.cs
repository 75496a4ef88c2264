using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Keys;

/// <summary>Data keys that are wrapped under a customer's key or one with a name, and then under the key-encryption key.</summary>
public sealed class InnerKeyTests
{
    private static readonly byte[] id = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
    private static readonly byte[] dataKey = [.. Enumerable.Range(50, 32).Select(i => (byte)i)];

    [Fact]
    public void WrapInner_CustomersKey_OpensWithThatKeyAndNoOther()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        using InnerKey right = Customer(1), wrong = Customer(2);

        var nested = keyring.WrapInner(right, id, dataKey, out var version);

        (nested.Length, version).ShouldBe((Keyring.WrappedKeySize, 0));
        var key = new byte[32];
        keyring.UnwrapInner(right, version, id, nested, key);
        key.ShouldBe(dataKey);
        Should.Throw<DataKeyException>(() => keyring.UnwrapInner(wrong, version, id, nested, key)).Failure.ShouldBe(DataKeyFailure.WrongCustomerKey);
        key.ShouldAllBe(b => b == 0);
        Should.Throw<DataKeyException>(() => keyring.UnwrapInner(right, version, new byte[16], nested, key)).Failure.ShouldBe(DataKeyFailure.WrongCustomerKey);
    }

    [Fact]
    public void WrapDataKey_OfANestedOne_IsWrappedAnewWithoutTheCustomersKey()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        using var customer = Customer(1);
        var wrapped = keyring.WrapDataKey(id, keyring.WrapInner(customer, id, dataKey, out _), out var version);
        var (nested, key) = (new byte[Keyring.WrappedKeySize], new byte[32]);
        Should.Throw<DataKeyException>(() => keyring.UnwrapDataKey(version, id, wrapped, key)).Failure.ShouldBe(DataKeyFailure.Corrupt, "What opens is no data key.");

        keyring.RotateKeyEncryptionKey(TimeProvider.System);
        keyring.UnwrapDataKey(version, id, wrapped, nested);
        var again = keyring.WrapDataKey(id, nested, out var newVersion);
        keyring.DestroyKeyEncryptionKey(version);

        keyring.UnwrapDataKey(newVersion, id, again, nested);
        keyring.UnwrapInner(customer, 0, id, nested, key);
        key.ShouldBe(dataKey);
    }

    [Fact]
    public void NamedKey_Rotated_OpensWhatItsOldVersionWrapped_AndDestroyedOpensNothing()
    {
        using var keyring = Keyring.Create(TimeProvider.System);
        using var name = InnerKey.OfName("payroll");
        Should.Throw<DataKeyException>(() => keyring.WrapInner(name, id, dataKey, out _)).Failure.ShouldBe(DataKeyFailure.NoSuchKey);
        var generation = keyring.Generation;
        keyring.MakeNamedKey("payroll", TimeProvider.System).ShouldBe(1);
        keyring.MakeNamedKey("other", TimeProvider.System).ShouldBe(1);
        var first = keyring.WrapInner(name, id, dataKey, out var version);
        keyring.MakeNamedKey("payroll", TimeProvider.System).ShouldBe(2);
        keyring.Generation.ShouldBe(generation + 3);
        var second = keyring.WrapInner(name, id, dataKey, out var newVersion);
        (version, newVersion).ShouldBe((1, 2));
        var key = new byte[32];
        keyring.UnwrapInner(name, 1, id, first, key);
        keyring.UnwrapInner(name, 2, id, second, key);
        Should.Throw<DataKeyException>(() => keyring.UnwrapInner(name, 2, id, first, key)).Failure.ShouldBe(DataKeyFailure.Corrupt);

        keyring.DestroyNamedKey("payroll").ShouldBeTrue();

        keyring.DestroyNamedKey("payroll").ShouldBeFalse();
        Should.Throw<DataKeyException>(() => keyring.UnwrapInner(name, 1, id, first, key)).Failure.ShouldBe(DataKeyFailure.NoSuchKey);
        (keyring.HasNamedKey("payroll"), keyring.HasNamedKey("payroll", 2), keyring.HasNamedKey("other")).ShouldBe((false, false, true));
        keyring.MakeNamedKey("payroll", TimeProvider.System).ShouldBe(3, "No version comes back.");
        Should.Throw<DataKeyException>(() => keyring.UnwrapInner(name, 2, id, second, key)).Failure.ShouldBe(DataKeyFailure.NoSuchKey);
        keyring.ListNamedKeys().Select(one => (one.Name, one.Version)).ShouldBe([("other", 1), ("payroll", 3)]);
    }

    [Fact]
    public void NamedKeys_SealedOpenedAndTakenOver_AreTheSame()
    {
        using var root = RecoveryPhrase.Generate().DeriveRoot();
        using var keyring = Keyring.Create(TimeProvider.System);
        using var name = InnerKey.OfName("alias/a:b_c.d-1");
        Keyring.TryOpen(keyring.Seal(root), root, out var changed, out _).ShouldBeTrue();
        changed!.MakeNamedKey(name.Name, TimeProvider.System);
        var wrapped = changed.WrapInner(name, id, dataKey, out var version);
        Keyring.TryOpen(changed.Seal(root), root, out var opened, out _).ShouldBeTrue();

        keyring.TakeOver(opened!);

        keyring.IsSameAs(changed).ShouldBeTrue();
        var key = new byte[32];
        keyring.UnwrapInner(name, version, id, wrapped, key);
        key.ShouldBe(dataKey);
        opened!.Dispose();
        changed.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("a\n")]
    public void OfName_WhatNoKeyCanBeCalled_IsRefused(string name)
    {
        Should.Throw<ArgumentException>(() => InnerKey.OfName(name));
        using var keyring = Keyring.Create(TimeProvider.System);
        Should.Throw<ArgumentException>(() => keyring.MakeNamedKey(name, TimeProvider.System));
    }

    [Fact]
    public void CheckCustomerKey_OtherKeyOrSalt_IsAnotherValue()
    {
        using Keyring keyring = Keyring.Create(TimeProvider.System), other = Keyring.Create(TimeProvider.System);
        using InnerKey one = Customer(1), two = Customer(2);
        byte[] salt = new byte[32], otherSalt = [1, .. new byte[31]];
        byte[][] values = [Check(keyring, one, salt), Check(keyring, two, salt), Check(keyring, one, otherSalt), Check(other, one, salt)];
        values.Select(Convert.ToHexString).Distinct().Count().ShouldBe(4);
        Check(keyring, one, salt).ShouldBe(values[0]);
        (one.IsSameAs(two), one.ToString()).ShouldBe((false, "***"));
        using var again = Customer(1);
        one.IsSameAs(again).ShouldBeTrue();
    }

    [Fact]
    public void Disguise_SameDigest_IsTheSameUnderOneKeyOnly()
    {
        using InnerKey one = Customer(1), two = Customer(2);
        byte[] digest = new byte[16], first = new byte[16], again = new byte[16], other = new byte[16];
        one.Disguise(digest, first);
        one.Disguise(digest, again);
        two.Disguise(digest, other);
        first.ShouldBe(again);
        first.ShouldNotBe(other);
        first.ShouldNotBe(digest);
    }

    private static byte[] Check(Keyring keyring, InnerKey key, byte[] salt)
    {
        var check = new byte[Keyring.CustomerCheckSize];
        keyring.CheckCustomerKey(key, salt, check);
        return check;
    }

    private static InnerKey Customer(byte seed)
    {
        var key = new byte[32];
        Array.Fill(key, seed);
        return InnerKey.OfCustomer(key);
    }
}
