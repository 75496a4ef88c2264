using System.Buffers;

namespace Oort.Checksums;

/// <summary>MD5 over bytes that come piece by piece: S3's ETag and Content-MD5. It guards nothing; the protocol wants it.</summary>
/// <remarks>
/// Not thread-safe. Appending is asynchronous because MD5 is the dearest part of a PUT and gains eightfold when several uploads are
/// hashed side by side: the bytes may be taken by a shared worker, and the buffer is the caller's again when the task ends.
/// </remarks>
public sealed class RunningMd5 : IDisposable
{
    /// <summary>Length of the value in bytes.</summary>
    public const int Size = Md5.Size;

    private readonly byte[] rest = new byte[Md5Engine.BlockSize];
    private Md5State state = Md5State.Initial;
    private int restLength;
    private long length;

    /// <summary>Appends on the calling thread.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        length += data.Length;
        if (restLength > 0)
        {
            var count = Math.Min(data.Length, rest.Length - restLength);
            data[..count].CopyTo(rest.AsSpan(restLength));
            restLength += count;
            data = data[count..];
            if (restLength < rest.Length) return;
            Md5Engine.Append(ref state, rest);
        }

        var whole = data.Length & -Md5Engine.BlockSize;
        Md5Engine.Append(ref state, data[..whole]);
        data[whole..].CopyTo(rest);
        restLength = data.Length - whole;
    }

    /// <summary>Appends; <paramref name="data"/> must stay unchanged until the task ends.</summary>
    /// <param name="cancellationToken">Honoured only before it begins.</param>
    public ValueTask AppendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Append(data.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>Appends; <paramref name="data"/> must stay unchanged until the task ends.</summary>
    /// <param name="cancellationToken">Honoured only before it begins.</param>
    public ValueTask AppendAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var piece in data) Append(piece.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>The MD5 of all that was appended, and starts anew.</summary>
    /// <returns>A new array of <see cref="Size"/> bytes.</returns>
    public byte[] Finish()
    {
        var digest = new byte[Size];
        Md5Engine.Finish(ref state, rest.AsSpan(0, restLength), length);
        state.Write(digest);
        (state, restLength, length) = (Md5State.Initial, 0, 0);
        return digest;
    }

    public void Dispose()
    {
    }
}
