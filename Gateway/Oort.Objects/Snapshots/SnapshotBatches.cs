using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Opens the batches of a snapshot (docs/formats/snapshot.md §3), wherever its parts lie.</summary>
internal static class SnapshotBatches
{
    /// <summary>All batches in order.</summary>
    /// <param name="readPart">Gives a part with the manifest's hash; null when there is none.</param>
    /// <param name="corrupt">What is thrown for a part that is missing, or whose batches are not as they were written.</param>
    public static async IAsyncEnumerable<SnapshotBatch> ReadAsync(
        SnapshotManifest manifest, Keyring keyring, Func<int, CancellationToken, ValueTask<byte[]?>> readPart, Func<int, Exception> corrupt, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var cipher = keyring.OpenSnapshot(manifest.Salt.AsSpan());
        uint number = 0;
        for (var part = 0; part < manifest.Parts.Length; part++)
        {
            var bytes = await readPart(part, cancellationToken) ?? throw corrupt(part);
            for (var at = SnapshotPartBuffer.HeaderSize; at < bytes.Length; number++)
            {
                if (bytes.Length - at < SnapshotPartBuffer.FrameSize + RecordCipher.Overhead) throw corrupt(part);
                var frame = bytes.AsMemory(at, SnapshotPartBuffer.FrameSize);
                var length = BinaryPrimitives.ReadUInt32BigEndian(frame.Span);
                at += SnapshotPartBuffer.FrameSize;
                if (length < RecordCipher.Overhead || length > bytes.Length - at || BinaryPrimitives.ReadUInt32BigEndian(frame.Span[4..]) != number) throw corrupt(part);
                var batch = new byte[length - RecordCipher.Overhead];
                if (!cipher.TryOpen(number, frame.Span, bytes.AsSpan(at, (int)length), batch)) throw corrupt(part);
                at += (int)length;
                yield return new(manifest.Generation, batch);
            }
        }

        if (number != manifest.BatchCount) throw corrupt(manifest.Parts.Length);
    }
}
