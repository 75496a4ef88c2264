using System.Buffers.Binary;
using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Metadata.Records;

/// <summary>Items on outside networks, and where shards lie in them. Store and item id are the row's key.</summary>
internal static class ItemRecord
{
    private const int LengthTag = 1;
    private const int Sha256Tag = 2;
    private const int StateTag = 3;
    private const int ResumeStateTag = 4;
    private const int NextStepTag = 5;
    private const int FailureCountTag = 6;
    private const int ReasonTag = 7;
    private const int ProgressTag = 8;
    private const int ReceiptTag = 9;
    private const int RevisionTag = 10;
    private const int ShardCountTag = 11;
    private const int BucketTag = 12;

    private const int Sha256Size = 32;

    public static void Write(RecordWriter writer, ItemRow row)
    {
        var item = row.Item;
        writer.Number(LengthTag, item.Length);
        writer.Bytes(Sha256Tag, item.Sha256.Span);
        writer.Number(StateTag, (ulong)item.State);
        writer.Number(ResumeStateTag, (ulong)item.ResumeState);
        writer.Number(NextStepTag, item.NextStep.ToUnixTimeMilliseconds());
        writer.Number(FailureCountTag, (long)item.FailureCount);
        writer.Text(ReasonTag, item.Reason);
        writer.Bytes(ProgressTag, item.Progress.Span);
        if (item.Receipt is { } receipt) WriteReceipt(writer, receipt);
        writer.Number(RevisionTag, (long)row.Revision);
        writer.Number(ShardCountTag, (long)row.ShardCount);
        foreach (var part in row.Buckets)
        {
            var start = writer.Begin(BucketTag);
            writer.Number(BucketFields.BucketTag, part.Bucket.Value);
            writer.Number(BucketFields.BytesTag, part.Bytes);
            writer.End(start);
        }

        writer.Raw(row.UnknownFields.Span);
    }

    public static ItemRow Read(StoreId store, ItemId id, ReadOnlySpan<byte> record)
    {
        var item = new NetworkItem { Id = id, Length = 0, Sha256 = default, State = default, ResumeState = default, NextStep = DateTimeOffset.UnixEpoch };
        int revision = 0, shardCount = 0;
        var buckets = ImmutableArray.CreateBuilder<BucketBytes>(1);
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case LengthTag: item = item with { Length = reader.Long }; break;
                case Sha256Tag: item = item with { Sha256 = reader.Fixed(Sha256Size).ToArray() }; break;
                case StateTag: item = item with { State = State(reader.ByteNumber) }; break;
                case ResumeStateTag: item = item with { ResumeState = State(reader.ByteNumber) }; break;
                case NextStepTag: item = item with { NextStep = reader.Time }; break;
                case FailureCountTag: item = item with { FailureCount = reader.Int }; break;
                case ReasonTag: item = item with { Reason = reader.Text }; break;
                case ProgressTag: item = item with { Progress = reader.Bytes.ToArray() }; break;
                case ReceiptTag: item = item with { Receipt = ReadReceipt(reader.Bytes) }; break;
                case RevisionTag: revision = reader.Int; break;
                case ShardCountTag: shardCount = reader.Int; break;
                case BucketTag: buckets.Add(ReadBucket(reader.Bytes)); break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        if (item.Length == 0 || item.Sha256.IsEmpty || item.State == default || item.ResumeState == default) throw new MetadataFormatException("An item lacks its length, hash or state.");
        return new() { Store = store, Item = item, Revision = revision, ShardCount = shardCount, Buckets = buckets.DrainToImmutable(), UnknownFields = unknown };
    }

    public static void WriteShard(RecordWriter writer, in ItemShardRow row)
    {
        Span<byte> id = stackalloc byte[ItemId.Size];
        row.Item.Write(id);
        writer.Bytes(ShardFields.ItemTag, id);
        writer.Number(ShardFields.OffsetTag, row.Offset);
        writer.Number(ShardFields.LengthTag, row.Length);
    }

    public static ItemShardRow ReadShard(ShardId shard, StoreId store, ReadOnlySpan<byte> record)
    {
        ItemId? item = null;
        long offset = 0, length = 0;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case ShardFields.ItemTag: item = ItemId.Read(reader.Fixed(ItemId.Size)); break;
                case ShardFields.OffsetTag: offset = reader.Long; break;
                case ShardFields.LengthTag: length = reader.Long; break;
            }
        }
        return new(shard, store, item ?? throw new MetadataFormatException("A shard on a network is in no item."), offset, length);
    }

    private static BucketBytes ReadBucket(ReadOnlySpan<byte> record)
    {
        var (bucket, bytes) = (default(BucketId), 0L);
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case BucketFields.BucketTag: bucket = new(reader.Number); break;
                case BucketFields.BytesTag: bytes = reader.Long; break;
            }
        }
        return new(bucket, bytes);
    }

    private static void WriteReceipt(RecordWriter writer, NetworkReceipt receipt)
    {
        Span<byte> paid = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(paid, receipt.Paid);
        var start = writer.Begin(ReceiptTag);
        writer.Text(ReceiptFields.ProviderTag, receipt.Provider);
        writer.Bytes(ReceiptFields.LocatorTag, receipt.Locator.Span);
        writer.Text(ReceiptFields.AddressTag, receipt.Address);
        writer.Text(ReceiptFields.TransactionTag, receipt.Transaction);
        if (receipt.Paid != 0) writer.Bytes(ReceiptFields.PaidTag, paid);
        writer.Text(ReceiptFields.PaidUnitTag, receipt.PaidUnit);
        writer.Number(ReceiptFields.AcceptedTag, receipt.Accepted.ToUnixTimeMilliseconds());
        if (receipt.Expires is { } expires) writer.Number(ReceiptFields.ExpiresTag, expires.ToUnixTimeMilliseconds());
        writer.Bytes(ReceiptFields.AnswerTag, receipt.Answer.Span);
        writer.End(start);
    }

    private static NetworkReceipt ReadReceipt(ReadOnlySpan<byte> record)
    {
        var receipt = new NetworkReceipt { Locator = default, Address = "", Accepted = DateTimeOffset.UnixEpoch };
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case ReceiptFields.ProviderTag: receipt = receipt with { Provider = reader.Text }; break;
                case ReceiptFields.LocatorTag: receipt = receipt with { Locator = reader.Bytes.ToArray() }; break;
                case ReceiptFields.AddressTag: receipt = receipt with { Address = reader.Text }; break;
                case ReceiptFields.TransactionTag: receipt = receipt with { Transaction = reader.Text }; break;
                case ReceiptFields.PaidTag: receipt = receipt with { Paid = BinaryPrimitives.ReadUInt128BigEndian(reader.Fixed(16)) }; break;
                case ReceiptFields.PaidUnitTag: receipt = receipt with { PaidUnit = reader.Text }; break;
                case ReceiptFields.AcceptedTag: receipt = receipt with { Accepted = reader.Time }; break;
                case ReceiptFields.ExpiresTag: receipt = receipt with { Expires = reader.Time }; break;
                case ReceiptFields.AnswerTag: receipt = receipt with { Answer = reader.Bytes.ToArray() }; break;
            }
        }
        return receipt;
    }

    private static ItemState State(byte number) => Enum.IsDefined((ItemState)number) ? (ItemState)number : throw new MetadataFormatException("An item has an unknown state.");

    /// <summary>Fields of a receipt.</summary>
    private static class ReceiptFields
    {
        public const int ProviderTag = 1;
        public const int LocatorTag = 2;
        public const int AddressTag = 3;
        public const int TransactionTag = 4;
        public const int PaidTag = 5;
        public const int PaidUnitTag = 6;
        public const int AcceptedTag = 7;
        public const int ExpiresTag = 8;
        public const int AnswerTag = 9;
    }

    /// <summary>Fields of a bucket's part.</summary>
    private static class BucketFields
    {
        public const int BucketTag = 1;
        public const int BytesTag = 2;
    }

    /// <summary>Fields of a shard's place.</summary>
    private static class ShardFields
    {
        public const int ItemTag = 1;
        public const int OffsetTag = 2;
        public const int LengthTag = 3;
    }
}
