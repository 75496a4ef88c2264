using Oort.Crypto.Tests.Ciphers;
using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Vectors;

public sealed class KeyringVectorTests
{
    public static TheoryData<string> Good => [.. VectorFile.Names("keyring", vector => vector.Expect == "ok")];
    public static TheoryData<string> Bad => [.. VectorFile.Names("keyring", vector => vector.Expect is not ("ok" or "derived"))];
    public static TheoryData<string> Derived => [.. VectorFile.Names("keyring", vector => vector.Expect == "derived")];

    [Theory]
    [MemberData(nameof(Good))]
    public void TryOpen_GoodVector_GivesItsFields(string name)
    {
        var vector = VectorFile.Read("keyring", name);
        using var root = new RootKey(vector.Hex("root"));

        Keyring.TryOpen(vector.Bytes, root, out var keyring, out var error).ShouldBeTrue();

        error.ShouldBe(KeyringError.None);
        keyring!.Identity.ToString("x32", null).ShouldBe(vector["identity"]);
        keyring.Generation.ShouldBe((ulong)vector.Number("generation"));
        keyring.KeyVersions.ShouldBe(vector.Keys().Select(key => key.Version));
        Keyring.Peek(vector.Bytes).ShouldBe(new KeyringHeader(keyring.Identity, keyring.Generation));
        using var contents = Contents(vector, root);
        contents.Created.ToUnixTimeMilliseconds().ShouldBe(vector.Number("created"));
        contents.JournalKey.Span.ToArray().ShouldBe(vector.Hex("journal-key"));
        contents.SnapshotKey.Span.ToArray().ShouldBe(vector.Hex("snapshot-key"));
        contents.TagKey.Span.ToArray().ShouldBe(vector.Hex("tag-key"));
        contents.KeyEncryptionKeys.Select(key => key.Key.Span.ToArray()).ShouldBe(vector.Keys().Select(key => key.Key));
        contents.NamedKeys.Select(key => key.Key is { } secret ? $"{key.Name} {key.Version} {Convert.ToHexStringLower(secret.Span)}" : $"{key.Name} {key.Version}").ShouldBe(vector.All("named"));
        contents.UnknownFields.Select(field => $"{field.Tag:x4} {Convert.ToHexStringLower(field.Value)}").ShouldBe(vector.All("unknown"));
        var salt = vector.Bytes.AsSpan(KeyringSeal.SaltOffset, KeyringSeal.SaltSize);
        keyring.Seal(root, salt).AsSpan().SequenceEqual(vector.Bytes).ShouldBe(vector["reseals-to-itself"] == "yes");
        keyring.Dispose();
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void TryOpen_BadVector_GivesItsError(string name)
    {
        var vector = VectorFile.Read("keyring", name);
        using var root = new RootKey(vector.Hex("root"));

        Keyring.TryOpen(vector.Bytes, root, out var keyring, out var error).ShouldBeFalse();

        keyring.ShouldBeNull();
        error.ToString().ShouldBe(vector.Expect);
    }

    [Fact]
    public void BadVectors_EveryErrorOfOneReplica_HasOne()
    {
        var expected = Bad.Select(row => VectorFile.Read("keyring", row.Data).Expect).Distinct().Order(StringComparer.Ordinal);
        var errors = Enum.GetValues<KeyringError>().Except([KeyringError.None, KeyringError.Mixed]);
        expected.ShouldBe(errors.Select(error => error.ToString()).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Derived))]
    public void DerivedKey_Vector_SealsAndTagsAsExpected(string name)
    {
        var vector = VectorFile.Read("keyring", name);
        var key = vector.Hex("key");
        var context = vector.Hex("context");
        if (vector["kind"] == "tag")
        {
            using var tagger = new SegmentTagger(key, context);
            var tag = new byte[SegmentTagger.TagSize];
            tagger.Tag((int)vector.Number("shard"), vector.Number("cell"), vector.Hex("data"), tag);
            tag.ShouldBe(vector.Bytes);
            return;
        }
        if (vector["kind"] == "customer-check")
        {
            var (derived, hash) = (Oracle.HkdfExpand(key, [.. "oort customer check v1\0"u8, .. context]), new byte[32]);
            System.Security.Cryptography.HMACSHA256.HashData(derived, vector.Hex("customer-key"), hash);
            hash[..16].ShouldBe(vector.Bytes);
            using var customer = InnerKey.OfCustomer(vector.Hex("customer-key"));
            var checkedBytes = new byte[Keyring.CustomerCheckSize];
            OpenNew().CheckCustomerKey(customer, context, checkedBytes);
            checkedBytes.ShouldBe(vector.Bytes);
            return;
        }

        var label = vector["kind"] == "journal" ? KeyDerivation.JournalLabel : KeyDerivation.SnapshotLabel;
        using var cipher = RecordCipher.Open(key, label, context);
        var plaintext = new byte[vector.Bytes.Length - RecordCipher.Overhead];
        cipher.TryOpen((ulong)vector.Number("sequence"), vector.Hex("associated"), vector.Bytes, plaintext).ShouldBeTrue();
        plaintext.ShouldBe(vector.Hex("plaintext"));
    }

    [Fact]
    public void Page_Example_IsTheVector() => Repository.HexBlock("keyring.md", 0).ShouldBe(VectorFile.Read("keyring", "new").Bytes);

    /// <summary>The keyring of the page's example, whose journal key the vectors of derived keys have.</summary>
    private static Keyring OpenNew()
    {
        var vector = VectorFile.Read("keyring", "new");
        using var root = new RootKey(vector.Hex("root"));
        Keyring.TryOpen(vector.Bytes, root, out var keyring, out _).ShouldBeTrue();
        return keyring!;
    }

    private static KeyringContents Contents(VectorFile vector, RootKey root)
    {
        var payload = new byte[vector.Bytes.Length - KeyringSeal.HeaderSize - KeyringSeal.TagSize];
        KeyringSeal.OpenPayload(root.Span, vector.Bytes, payload).ShouldBe(KeyringError.None);
        return KeyringFields.Decode(payload).ShouldNotBeNull();
    }
}
