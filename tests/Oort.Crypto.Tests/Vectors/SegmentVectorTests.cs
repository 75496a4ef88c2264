using Oort.Crypto.Tests.Ciphers;
using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Vectors;

public sealed class SegmentVectorTests
{
    public static TheoryData<string> Chunks => [.. VectorFile.Names("segment", vector => vector["kind"] == "chunk")];
    public static TheoryData<string> WrappedKeys => [.. VectorFile.Names("segment", vector => vector["kind"] == "wrapped-key")];

    [Theory]
    [MemberData(nameof(Chunks))]
    public void Chunk_Vector_OpensAsExpected(string name)
    {
        var vector = VectorFile.Read("segment", name);
        var chunk = vector.Number("chunk");
        var last = vector["last"] == "1";
        using var cipher = new ChunkCipher(vector.Hex("key"), vector.Hex("data-id"));
        var plaintext = new byte[Math.Max(0, vector.Bytes.Length - ChunkCipher.TagSize)];

        var opened = cipher.TryOpen(chunk, last, vector.Bytes, plaintext);

        opened.ShouldBe(vector.Expect == "ok");
        if (!opened) return;
        plaintext.ShouldBe(vector.Hex("plaintext"));
        var again = new byte[vector.Bytes.Length];
        cipher.Seal(chunk, last, plaintext, again);
        again.ShouldBe(vector.Bytes);
    }

    [Theory]
    [MemberData(nameof(WrappedKeys))]
    public void WrappedKey_Vector_UnwrapsAsExpected(string name)
    {
        var vector = VectorFile.Read("segment", name);
        var keyEncryptionKey = vector.Hex("key-encryption-key");
        var version = (int)vector.Number("version");
        var key = new byte[ChunkCipher.KeySize];

        var unwrapped = DataKeyWrap.TryUnwrap(keyEncryptionKey, version, vector.Hex("data-id"), vector.Bytes, key);

        unwrapped.ShouldBe(vector.Expect == "ok");
        if (!unwrapped) return;
        key.ShouldBe(vector.Hex("data-key"));
        DataKeyWrap.Wrap(keyEncryptionKey, version, vector.Hex("data-id"), vector.Bytes.AsSpan(0, DataKeyWrap.NonceSize), key).ShouldBe(vector.Bytes);
    }

    public static TheoryData<string> NestedKeys => [.. VectorFile.Names("segment", vector => vector["kind"] == "nested-key")];

    [Theory]
    [MemberData(nameof(NestedKeys))]
    public void NestedKey_Vector_UnwrapsAsExpected(string name)
    {
        var vector = VectorFile.Read("segment", name);
        var (keyEncryptionKey, id, innerKey) = (vector.Hex("key-encryption-key"), vector.Hex("data-id"), vector.Hex("inner-key"));
        var (version, innerVersion) = ((int)vector.Number("version"), (int)vector.Number("inner-version"));
        var label = vector["inside"] == "customer" ? KeyDerivation.CustomerKeyLabel : KeyDerivation.NamedKeyLabel;
        var (nested, key) = (new byte[DataKeyWrap.Size], new byte[ChunkCipher.KeySize]);

        var unwrapped = DataKeyWrap.TryUnwrap(keyEncryptionKey, version, id, vector.Bytes, nested) && DataKeyWrap.TryUnwrap(label, innerKey, innerVersion, id, nested, key);

        unwrapped.ShouldBe(vector.Expect == "ok");
        if (!unwrapped) return;
        key.ShouldBe(vector.Hex("data-key"));
        DataKeyWrap.Wrap(label, innerKey, innerVersion, id, nested.AsSpan(0, DataKeyWrap.NonceSize), key).ShouldBe(nested);
        DataKeyWrap.Wrap(keyEncryptionKey, version, id, vector.Bytes.AsSpan(0, DataKeyWrap.NonceSize), nested).ShouldBe(vector.Bytes);
    }

    [Fact]
    public void Page_Examples_AreTheVectors()
    {
        Repository.HexBlock("segment.md", 0).ShouldBe(VectorFile.Read("segment", "chunk-only").Bytes);
        Repository.HexBlock("segment.md", 1).ShouldBe(VectorFile.Read("segment", "wrapped-key").Bytes);
        Repository.HexBlock("segment.md", 2).ShouldBe(VectorFile.Read("segment", "nested-customer").Bytes);
    }
}
