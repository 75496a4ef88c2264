using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Sending;

namespace Oort.Backends.Arweave.Gateways;

/// <summary>A gateway: serves the data of transactions and of bundled items by their ids.</summary>
/// <remarks>Thread-safe. Failures are <see cref="BackendException"/>.</remarks>
internal sealed class GatewayClient(ArweaveHttp http, Uri endpoint)
{
    private const int BufferSize = 64 * 1024;

    /// <summary>Bytes before the wanted ones that are read and thrown away, from a gateway that serves no ranges.</summary>
    private const long SkipMax = 64 * 1024 * 1024;

    public string Authority => endpoint.Authority;

    /// <summary>Reads bytes from an offset; fewer only at the end.</summary>
    /// <param name="destination">At least one byte.</param>
    /// <exception cref="BackendException">NotFound: it does not have the item. Corrupt: it has one of another length. Transient: it broke off.</exception>
    public Task<int> ReadAsync(ItemLocator item, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (offset >= item.Length) return Task.FromResult(0);
        var what = What(item.Id);
        var wanted = (int)Math.Min(destination.Length, item.Length - offset);
        var range = string.Create(CultureInfo.InvariantCulture, $"bytes={offset}-{offset + wanted - 1}");
        return http.ReadAsync(what, At(item.Id), range, ReadBodyAsync, cancellationToken);

        async Task<int> ReadBodyAsync(HttpResponseMessage response, StallWatch watch)
        {
            var status = (int)response.StatusCode;
            // Nothing lies there, it says.
            if (status == 416) throw Other("it ends before the wanted bytes");
            if (status is not (200 or 206)) throw Refusals.Of(what, new(status, []), BackendErrorKind.NotFound);
            var shown = response.Content.Headers.ContentRange;
            var total = status == 206 ? shown?.Length : response.Content.Headers.ContentLength;
            if (total is not { } length || (status == 206 && (shown!.From != offset || shown.Unit != "bytes"))) throw Broken(what, "it does not say what it sends");
            if (length != item.Length) throw Other($"it has {length}");
            await using var stream = await response.Content.ReadAsStreamAsync(watch.Token);
            if (status == 200) await SkipAsync(stream, watch);
            for (var count = 0; count < wanted;)
            {
                watch.Restart();
                var read = await stream.ReadAsync(destination[count..wanted], watch.Token);
                if (read == 0) throw Broken(what, "it ended early");
                count += read;
            }

            return wanted;
        }

        BackendException Other(string problem) => new(BackendErrorKind.Corrupt, $"{what}: the item has {item.Length} bytes, and {problem}.");

        async Task SkipAsync(Stream stream, StallWatch watch)
        {
            if (offset > SkipMax) throw Broken(what, "it serves no ranges, and the wanted one lies too far in");
            var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
            try
            {
                for (var left = offset; left > 0;)
                {
                    watch.Restart();
                    var read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, BufferSize)), watch.Token);
                    if (read == 0) throw Broken(what, "it ended early");
                    left -= read;
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>Reads all of an item.</summary>
    /// <returns>SHA-256 over it; null where it has another length.</returns>
    /// <exception cref="BackendException">As of <see cref="ReadAsync"/>.</exception>
    public Task<byte[]?> HashAsync(ItemLocator item, CancellationToken cancellationToken)
    {
        var (what, length) = (What(item.Id), item.Length);
        return http.ReadAsync(what, At(item.Id), null, ReadBodyAsync, cancellationToken);

        async Task<byte[]?> ReadBodyAsync(HttpResponseMessage response, StallWatch watch)
        {
            if ((int)response.StatusCode != 200) throw Refusals.Of(what, new((int)response.StatusCode, []), BackendErrorKind.NotFound);
            if (response.Content.Headers.ContentLength is { } announced && announced != length) return null;
            await using var stream = await response.Content.ReadAsStreamAsync(watch.Token);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
            try
            {
                for (var count = 0L; ;)
                {
                    watch.Restart();
                    var read = await stream.ReadAsync(buffer.AsMemory(0, BufferSize), watch.Token);
                    count += read;
                    if (count > length || (read == 0 && count < length)) return null;
                    if (read == 0) return hash.GetHashAndReset();
                    hash.AppendData(buffer, 0, read);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private string What(byte[] id) => $"Reading {Base64UrlText.Write(id)} from {Authority}";

    private Uri At(byte[] id) => new(endpoint, $"raw/{Base64UrlText.Write(id)}");

    private static BackendException Broken(string what, string problem) => new(BackendErrorKind.Transient, $"{what}: {problem}.");
}
