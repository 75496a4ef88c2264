using System.Buffers;
using System.IO.Pipelines;
using Oort.Backends;
using Oort.Checksums;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Writing;

namespace Oort.Objects.Tests.World;

/// <summary>An object layer on memory stores, with everything around it that a test may want to break or look at.</summary>
internal sealed class ObjectWorld : IAsyncDisposable
{
    public ObjectWorld(Geometry geometry, ObjectLayerOptions? options = null, TimeProvider? time = null)
    {
        Stores = new FakeStores(geometry);
        Keyring = Keyring.Create(TimeProvider.System);
        Layer = new ObjectLayer(Metadata, Stores, Repairs, Pins, Keyring, SegmentIds, options ?? new ObjectLayerOptions { BufferBytes = 64 * 1024 * 1024 }, time ?? TimeProvider.System);
    }

    public static BucketRow Bucket { get; } = new() { Id = new(1), Name = "bucket", OwnerId = "owner", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" };

    public static UploadRow Upload { get; } = new() { Bucket = Bucket.Id, Key = "upload", Id = new((UInt128)7), Initiated = DateTimeOffset.UnixEpoch, OwnerId = "owner" };

    public MemoryMetadata Metadata { get; } = new();

    public FakeStores Stores { get; }

    public FakeRepairs Repairs { get; } = new();

    public FakePins Pins { get; } = new();

    public Keyring Keyring { get; }

    public SegmentIds SegmentIds { get; } = new(0x10);

    public ObjectLayer Layer { get; }

    /// <summary>Bytes of the buffer budget that requests hold; beside them, cells are kept.</summary>
    public long Used => Layer.Buffers.Budget.Used - Layer.HotCells.Bytes;

    /// <summary>Bytes that are different for each seed and length.</summary>
    public static byte[] Bytes(long length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed ^ (int)length).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A body that comes in pieces of the given size.</summary>
    public static ObjectBody Body(byte[] bytes, long? length = null, int pieceSize = 100_000, byte[]? md5 = null, BodyChecksum? checksum = null) =>
        new(PipeReader.Create(Pieces(bytes, pieceSize)), length ?? bytes.Length, md5, checksum);

    public async Task<VersionRow> PutAsync(byte[] bytes, string key = "key")
    {
        var result = await Layer.PutObjectAsync(Bucket, key, "owner", "STANDARD", ObjectAttributes.Empty, Body(bytes), WriteConditions.None, CancellationToken.None);
        if (result.Outcome != CommitOutcome.Done) throw new InvalidOperationException($"The put ended with {result.Outcome}.");
        return result.Version!;
    }

    public Task<byte[]> GetAsync(VersionRow version) => GetAsync(version, 0, version.Size);

    public async Task<byte[]> GetAsync(VersionRow version, long offset, long length)
    {
        await using var reader = await Layer.OpenAsync(version, offset, length, CancellationToken.None);
        return await ReadAsync(reader, offset, length);
    }

    /// <summary>Reads a range through a pipe, as a client does.</summary>
    public static async Task<byte[]> ReadAsync(IObjectReader reader, long offset, long length, CancellationToken cancellationToken = default)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1024 * 1024, resumeWriterThreshold: 512 * 1024, useSynchronizationContext: false));
        var producing = Task.Run(async () =>
        {
            try
            {
                await reader.CopyToAsync(offset, length, pipe.Writer, cancellationToken);
                await pipe.Writer.CompleteAsync();
            }
            catch (Exception e)
            {
                await pipe.Writer.CompleteAsync(e);
            }
        }, CancellationToken.None);
        using var received = new MemoryStream();
        await pipe.Reader.CopyToAsync(received, CancellationToken.None);
        await producing;
        return received.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        await Layer.DisposeAsync();
        Keyring.Dispose();
    }

    private static ReadOnlySequence<byte> Pieces(byte[] bytes, int pieceSize)
    {
        if (bytes.Length == 0) return ReadOnlySequence<byte>.Empty;
        Piece? first = null, last = null;
        for (var offset = 0; offset < bytes.Length; offset += pieceSize)
        {
            last = new Piece(bytes.AsMemory(offset, Math.Min(pieceSize, bytes.Length - offset)), last);
            first ??= last;
        }
        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is null) return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
