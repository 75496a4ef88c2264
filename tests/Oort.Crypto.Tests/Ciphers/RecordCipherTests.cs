using System.Buffers.Binary;
using Shouldly;
using Xunit;

namespace Oort.Crypto.Tests.Ciphers;

public sealed class RecordCipherTests
{
    private static readonly byte[] key = [.. Enumerable.Range(9, 32).Select(i => (byte)i)];

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    [InlineData(0xfffffffffffffffeUL)]
    public void Seal_AnyNumber_IsWhatAnotherImplementationOfThePageSeals(ulong sequence)
    {
        using var writer = RecordCipher.Begin(key, KeyDerivation.JournalLabel);
        var record = new byte[3 + RecordCipher.Overhead];

        writer.Seal(sequence, [1, 2], [7, 8, 9], record);

        var derived = Oracle.HkdfExpand(key, [.. "oort journal v1\0"u8, .. writer.Salt]);
        var nonce = new byte[12];
        BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(4), sequence);
        record.ShouldBe(Oracle.Seal(derived, nonce, [1, 2], [7, 8, 9]));
        using var reader = RecordCipher.Open(key, KeyDerivation.JournalLabel, writer.Salt);
        var opened = new byte[3];
        reader.TryOpen(sequence, [1, 2], record, opened).ShouldBeTrue();
        opened.ShouldBe([7, 8, 9]);
    }

    [Fact]
    public void Begin_Twice_HasOtherSaltsAndKeys()
    {
        using var first = RecordCipher.Begin(key, KeyDerivation.JournalLabel);
        using var second = RecordCipher.Begin(key, KeyDerivation.JournalLabel);
        var one = new byte[16 + RecordCipher.Overhead];
        var two = new byte[16 + RecordCipher.Overhead];

        first.Seal(0, [], new byte[16], one);
        second.Seal(0, [], new byte[16], two);

        first.Salt.SequenceEqual(second.Salt).ShouldBeFalse();
        one.ShouldNotBe(two);
    }

    [Fact]
    public void TryOpen_OtherNumberAssociatedPurposeOrSalt_ReturnsFalseAndNoPlaintext()
    {
        using var writer = RecordCipher.Begin(key, KeyDerivation.JournalLabel);
        var record = new byte[20 + RecordCipher.Overhead];
        writer.Seal(4, "header"u8, new byte[20], record);
        using var reader = RecordCipher.Open(key, KeyDerivation.JournalLabel, writer.Salt);
        using var snapshot = RecordCipher.Open(key, KeyDerivation.SnapshotLabel, writer.Salt);
        using var other = RecordCipher.Begin(key, KeyDerivation.JournalLabel);

        ShouldNotOpen(reader, 3, "header"u8, record);
        ShouldNotOpen(reader, ulong.MaxValue, "header"u8, record);
        ShouldNotOpen(reader, 4, "Header"u8, record);
        ShouldNotOpen(reader, 4, [], record);
        ShouldNotOpen(snapshot, 4, "header"u8, record);
        ShouldNotOpen(other, 4, "header"u8, record);
    }

    [Fact]
    public void TryOpen_EveryFlippedByteAndEveryTruncation_ReturnsFalse()
    {
        using var writer = RecordCipher.Begin(key, KeyDerivation.SnapshotLabel);
        var record = new byte[40 + RecordCipher.Overhead];
        writer.Seal(0, [], new byte[40], record);

        for (var i = 0; i < record.Length; i++)
        {
            record[i] ^= 2;
            ShouldNotOpen(writer, 0, [], record);
            record[i] ^= 2;
            ShouldNotOpen(writer, 0, [], record.AsSpan(0, i));
        }
        writer.TryOpen(0, [], record, new byte[40]).ShouldBeTrue();
    }

    [Fact]
    public void Seal_NumberSealedBefore_IsRefused()
    {
        using var writer = RecordCipher.Begin(key, KeyDerivation.JournalLabel);
        writer.Seal(5, [], [], new byte[RecordCipher.Overhead]);

        Should.Throw<InvalidOperationException>(() => writer.Seal(5, [], [], new byte[RecordCipher.Overhead]));
        Should.Throw<InvalidOperationException>(() => writer.Seal(0, [], [], new byte[RecordCipher.Overhead]));
        writer.Seal(9, [], [], new byte[RecordCipher.Overhead]);
    }

    [Fact]
    public void Seal_CipherMadeForReading_IsRefused()
    {
        using var reader = RecordCipher.Open(key, KeyDerivation.JournalLabel, new byte[RecordCipher.SaltSize]);
        Should.Throw<InvalidOperationException>(() => reader.Seal(0, [], [], new byte[RecordCipher.Overhead]));
    }

    [Fact]
    public void Seal_WrongLengthOrNumber_IsRefusedAndTheNumberStaysFree()
    {
        using var writer = RecordCipher.Begin(key, KeyDerivation.JournalLabel);
        Should.Throw<ArgumentException>(() => writer.Seal(0, [], new byte[4], new byte[19]));
        Should.Throw<ArgumentException>(() => writer.Seal(ulong.MaxValue, [], [], new byte[RecordCipher.Overhead]));
        Should.Throw<ArgumentException>(() => RecordCipher.Open(key, KeyDerivation.JournalLabel, new byte[31]));
        writer.Seal(0, [], [], new byte[RecordCipher.Overhead]);
    }

    private static void ShouldNotOpen(RecordCipher cipher, ulong sequence, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> record)
    {
        var plaintext = new byte[Math.Max(0, record.Length - RecordCipher.Overhead)];
        plaintext.AsSpan().Fill(0xee);
        cipher.TryOpen(sequence, associated, record, plaintext).ShouldBeFalse();
        plaintext.ShouldAllBe(b => b == 0);
    }
}
