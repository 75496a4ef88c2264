using System.Security.Cryptography;

namespace Oort.Checksums;

/// <summary>MD5 over bytes that come piece by piece: S3's ETag and Content-MD5. It guards nothing; the protocol wants it.</summary>
/// <remarks>
/// Not thread-safe. Appending is asynchronous because MD5 is the dearest part of a PUT and gains eightfold when several uploads are
/// hashed side by side: the bytes may be taken by a shared worker, and the buffer is the caller's again when the task ends.
/// </remarks>
public sealed class RunningMd5 : IDisposable
{
    /// <summary>Length of the value in bytes.</summary>
    public const int Size = 16;

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);

    /// <summary>Appends on the calling thread.</summary>
    public void Append(ReadOnlySpan<byte> data) => hash.AppendData(data);

    /// <summary>Appends; <paramref name="data"/> must stay unchanged until the task ends.</summary>
    public ValueTask AppendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        hash.AppendData(data.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>The MD5 of all that was appended, and starts anew.</summary>
    /// <returns>A new array of <see cref="Size"/> bytes.</returns>
    public byte[] Finish() => hash.GetHashAndReset();

    public void Dispose() => hash.Dispose();
}
