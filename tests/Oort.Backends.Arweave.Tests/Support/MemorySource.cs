using System.Security.Cryptography;

namespace Oort.Backends.Arweave.Tests.Support;

/// <summary>An item in memory.</summary>
internal sealed class MemorySource(byte[] bytes) : IItemSource
{
    public long Length => bytes.Length;

    /// <summary>Reads that end at this byte or beyond fail, as a store does that goes away.</summary>
    public long FailsFrom { get; set; } = long.MaxValue;

    public ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (offset + destination.Length > FailsFrom) throw new BackendException(BackendErrorKind.Transient, "the store is away");
        var count = (int)Math.Max(0, Math.Min(destination.Length, bytes.Length - offset));
        bytes.AsMemory((int)Math.Min(offset, bytes.Length), count).CopyTo(destination);
        return ValueTask.FromResult(count);
    }

    public NetworkItem Item(int number = 1) => new() { Id = new((UInt128)number), Length = bytes.Length, Sha256 = SHA256.HashData(bytes) };
}
