using System.Buffers.Binary;
using System.Globalization;
using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>An answer as it comes: headers, and a body that is believed only after its checksum has been compared.</summary>
internal sealed class NodeResponse(HttpResponseMessage message, StallGuard guard, string location) : IDisposable
{
    /// <summary>The header, or null when it is missing or there twice.</summary>
    public string? Header(string name) => message.Headers.TryGetValues(name, out var values) && values.Count() == 1 ? values.First() : null;

    /// <summary>A number in a header; null when it is missing or none.</summary>
    public long? TryNumber(string name) => long.TryParse(Header(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A number that must be there.</summary>
    /// <exception cref="BackendException">Kind Corrupt: it is not.</exception>
    public long Number(string name) => TryNumber(name) ?? throw Wrong($"the answer has no {name}");

    /// <summary>Reads a checked body into the destination.</summary>
    /// <returns>Its length without the check.</returns>
    /// <exception cref="BackendException">Kind Corrupt: longer than the destination, or not what its checksum is of.</exception>
    public async ValueTask<int> ReadCheckedAsync(Memory<byte> destination)
    {
        var length = CheckedLength(destination.Length);
        using var stream = await message.Content.ReadAsStreamAsync(guard.Token);
        await FillAsync(stream, destination[..length]);
        var check = new byte[NodeLimits.CheckSize];
        await FillAsync(stream, check);
        return BinaryPrimitives.ReadUInt64BigEndian(check) == Crc64Nvme.Compute(destination.Span[..length]) ? length : throw Wrong("an answer is not what its checksum is of");
    }

    /// <summary>Reads a checked body of at most <paramref name="max"/> bytes.</summary>
    /// <exception cref="BackendException">As above.</exception>
    public async ValueTask<byte[]> ReadCheckedAsync(int max)
    {
        var bytes = new byte[CheckedLength(max)];
        await ReadCheckedAsync(bytes.AsMemory());
        return bytes;
    }

    /// <summary>Reads a body without a check: a status or the text of an error.</summary>
    public async ValueTask<byte[]> ReadAllAsync(int max)
    {
        if (message.Content.Headers.ContentLength is not { } length || length > max) throw Wrong("an answer has no length, or too many bytes");
        var bytes = new byte[length];
        using var stream = await message.Content.ReadAsStreamAsync(guard.Token);
        await FillAsync(stream, bytes);
        return bytes;
    }

    /// <summary>The node does not keep to the protocol.</summary>
    public BackendException Wrong(string what) => new(BackendErrorKind.Corrupt, $"{location}: {what}.");

    public void Dispose() => message.Dispose();

    private int CheckedLength(int max) =>
        message.Content.Headers.ContentLength is { } length && length >= NodeLimits.CheckSize && length - NodeLimits.CheckSize <= max
            ? (int)(length - NodeLimits.CheckSize)
            : throw Wrong("an answer has no length, or too many bytes");

    private async ValueTask FillAsync(Stream stream, Memory<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = await stream.ReadAsync(destination, guard.Token);
            if (read == 0) throw new IOException("The answer ended early.");
            guard.Moved();
            destination = destination[read..];
        }
    }
}
