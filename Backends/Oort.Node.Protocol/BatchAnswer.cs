using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Oort.Node.Protocol;

/// <summary>What became of one shard of a batch.</summary>
/// <param name="Code">None: it is durable.</param>
/// <param name="Text">Why not, for people; empty when it is.</param>
public readonly record struct BatchOutcome(NodeErrorCode Code, string Text);

/// <summary>The answer to a <see cref="ShardBatch"/>: one outcome a shard, in its order (docs/formats/node-protocol.md §5).</summary>
public static class BatchAnswer
{
    /// <summary>Bytes before the first outcome.</summary>
    public const int HeaderSize = 12;

    /// <summary>Longest text of an outcome in bytes; longer ones are cut.</summary>
    public const int TextSizeMax = 200;

    /// <summary>Bytes of the longest answer.</summary>
    public const int SizeMax = HeaderSize + (NodeLimits.BatchCountMax * (OutcomeHeaderSize + TextSizeMax));

    internal const int CountOffset = 8;

    private const int OutcomeHeaderSize = 2;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> Magic => "OORTBAN1"u8;

    public static byte[] Encode(IReadOnlyList<BatchOutcome> outcomes)
    {
        var bytes = new byte[HeaderSize + (outcomes.Count * (OutcomeHeaderSize + TextSizeMax))];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CountOffset), (uint)outcomes.Count);
        var at = HeaderSize;
        foreach (var outcome in outcomes)
        {
            // Whole characters only.
            Encoding.UTF8.GetEncoder().Convert(outcome.Text, bytes.AsSpan(at + OutcomeHeaderSize, TextSizeMax), flush: true, out _, out var size, out _);
            bytes[at] = (byte)outcome.Code;
            bytes[at + 1] = (byte)size;
            at += OutcomeHeaderSize + size;
        }

        return bytes[..at];
    }

    /// <param name="count">How many shards the batch had: an answer to another number is none.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int count, [NotNullWhen(true)] out IReadOnlyList<BatchOutcome>? outcomes)
    {
        outcomes = null;
        if (bytes.Length < HeaderSize || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadUInt32BigEndian(bytes[CountOffset..]) != count)
            return false;
        var read = new List<BatchOutcome>(count);
        bytes = bytes[HeaderSize..];
        for (var i = 0; i < count; i++)
        {
            if (bytes.Length < OutcomeHeaderSize || bytes.Length < OutcomeHeaderSize + bytes[1] || bytes[1] > TextSizeMax || !Enum.IsDefined((NodeErrorCode)bytes[0]))
                return false;
            try
            {
                read.Add(new((NodeErrorCode)bytes[0], s_utf8.GetString(bytes.Slice(OutcomeHeaderSize, bytes[1]))));
            }
            catch (DecoderFallbackException)
            {
                return false;
            }

            bytes = bytes[(OutcomeHeaderSize + bytes[1])..];
        }

        if (!bytes.IsEmpty)
            return false;
        outcomes = read;
        return true;
    }
}
