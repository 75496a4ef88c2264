using System.Buffers.Binary;
using System.Text;

namespace Oort.Backends.Arweave.Routes;

/// <summary>What the sending of an item is about to send, or has sent: the notes of its steps (docs/formats/arweave-item.md).</summary>
internal sealed record SendingProgress
{
    public const byte CurrentVersion = 1;
    public const int KindOffset = 1;
    public const int LossCountOffset = 2;
    public const int SignedHeightOffset = 4;
    public const int SentLengthOffset = 12;
    public const int SinceOffset = 20;
    public const int MinedOffset = 28;
    public const int HeaderSizeOffset = 29;
    public const int UploadSizeOffset = 31;
    public const int HeaderOffset = 33;

    /// <summary>Where it goes.</summary>
    public required SendingKind Kind { get; init; }

    /// <summary>How often the network has lost what it had taken.</summary>
    public ushort LossCount { get; init; }

    /// <summary>Of a transaction: the chain's height when its anchor was asked for. Otherwise 0.</summary>
    public long SignedHeight { get; init; }

    /// <summary>Of a transaction: bytes whose chunks were sent, from the first. Of an upload in parts: bytes of the signed item that the bundler has taken.</summary>
    public long SentLength { get; init; }

    /// <summary>Of a transaction that is being sent: when the first of these chunks was. Of what the network says is stored: since when it does. Otherwise null.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Of a transaction: whether it had its block when these chunks began to be sent, so that nodes keep them.</summary>
    public bool IsMined { get; init; }

    /// <summary>The signed header of a data item, or the signed transaction as JSON; empty: it is to be signed.</summary>
    public ReadOnlyMemory<byte> Header { get; init; }

    /// <summary>Id of the bundler's upload in parts; empty: none was begun.</summary>
    public string Upload { get; init; } = "";

    public byte[] Encode()
    {
        var upload = Encoding.UTF8.GetBytes(Upload);
        var bytes = new byte[HeaderOffset + Header.Length + upload.Length];
        bytes[0] = CurrentVersion;
        bytes[KindOffset] = (byte)Kind;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(LossCountOffset), LossCount);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(SignedHeightOffset), SignedHeight);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(SentLengthOffset), SentLength);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(SinceOffset), Since?.ToUnixTimeMilliseconds() ?? 0);
        bytes[MinedOffset] = IsMined ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(HeaderSizeOffset), checked((ushort)Header.Length));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(UploadSizeOffset), checked((ushort)upload.Length));
        Header.CopyTo(bytes.AsMemory(HeaderOffset));
        upload.CopyTo(bytes.AsSpan(HeaderOffset + Header.Length));
        return bytes;
    }

    /// <summary>Null for anything that <see cref="Encode"/> does not write.</summary>
    public static SendingProgress? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderOffset || bytes.Length > NetworkItem.ProgressSizeMax || bytes[0] != CurrentVersion || (SendingKind)bytes[KindOffset] is not (SendingKind.Item or SendingKind.Transaction)) return null;
        var kind = (SendingKind)bytes[KindOffset];
        var height = BinaryPrimitives.ReadInt64BigEndian(bytes[SignedHeightOffset..]);
        var sent = BinaryPrimitives.ReadInt64BigEndian(bytes[SentLengthOffset..]);
        var time = BinaryPrimitives.ReadInt64BigEndian(bytes[SinceOffset..]);
        var (headerSize, uploadSize) = (BinaryPrimitives.ReadUInt16BigEndian(bytes[HeaderSizeOffset..]), BinaryPrimitives.ReadUInt16BigEndian(bytes[UploadSizeOffset..]));
        if (height < 0 || sent < 0 || bytes[MinedOffset] > 1 || bytes.Length != HeaderOffset + headerSize + uploadSize) return null;
        if (time < 0 || time > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()) return null;
        // What only the other kind has, what only an upload in parts has, and what only a signed one has.
        var isChained = height != 0 || bytes[MinedOffset] != 0;
        if (kind == SendingKind.Item ? isChained || (sent != 0 && uploadSize == 0) : uploadSize != 0) return null;
        if (headerSize == 0 && (isChained || sent != 0 || time != 0 || uploadSize != 0)) return null;
        var upload = bytes[(HeaderOffset + headerSize)..];
        if (upload.ContainsAnyExceptInRange((byte)'!', (byte)'~')) return null;
        return new()
        {
            Kind = kind,
            LossCount = BinaryPrimitives.ReadUInt16BigEndian(bytes[LossCountOffset..]),
            SignedHeight = height,
            SentLength = sent,
            IsMined = bytes[MinedOffset] == 1,
            Since = time == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(time),
            Header = bytes.Slice(HeaderOffset, headerSize).ToArray(),
            Upload = Encoding.ASCII.GetString(upload),
        };
    }

    /// <summary>What an item has of it; unsigned where it has nothing yet.</summary>
    /// <exception cref="BackendException">Unauthorized: it was written on another way.</exception>
    public static SendingProgress Of(NetworkItem item, SendingKind kind)
    {
        if (item.Progress.IsEmpty) return new() { Kind = kind };
        return Decode(item.Progress.Span) is { } progress && progress.Kind == kind
            ? progress
            : throw new BackendException(BackendErrorKind.Unauthorized, $"The notes of item {item.Id} are not those of this way to Arweave. If the mode was changed, change it back until what is under way has arrived.");
    }
}

/// <summary>How an item goes to Arweave. The numbers are stored.</summary>
internal enum SendingKind
{
    /// <summary>As a data item, through a bundler.</summary>
    Item = 1,

    /// <summary>As a transaction of its own.</summary>
    Transaction = 2,
}
