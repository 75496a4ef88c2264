using System.Buffers;

namespace Oort.Checksums;

/// <summary>MD5 over bytes that come piece by piece: S3's ETag and Content-MD5. It guards nothing; the protocol wants it.</summary>
/// <remarks>
/// Not thread-safe. Appending is asynchronous because MD5 is the dearest part of a PUT and gains manifold when several uploads are hashed side by
/// side: larger pieces are taken by runners that all streams of the process share, and the buffer is the caller's again when the task ends.
/// </remarks>
public sealed partial class RunningMd5
{
    /// <summary>Length of the value in bytes.</summary>
    public const int Size = Md5.Size;

    // Scalar code takes 20 µs for so much, about what handing it over costs when a sleeping thread must be woken for it.
    internal const int SharedLengthMin = 16 * 1024;

    private readonly Md5Service service;
    private readonly byte[] rest = new byte[Md5Engine.BlockSize];
    private Md5State state = Md5State.Initial;
    private int restLength;
    private long length;
    private SharedAppend? sharedAppend;

    public RunningMd5() : this(Md5Service.Shared)
    {
    }

    internal RunningMd5(Md5Service service) => this.service = service;

    /// <summary>Appends on the calling thread.</summary>
    /// <exception cref="InvalidOperationException">An append is under way.</exception>
    public void Append(ReadOnlySpan<byte> data)
    {
        ThrowIfAppending();
        Md5Engine.Append(ref state, data[Enter(data)]);
    }

    /// <inheritdoc cref="AppendAsync(ReadOnlySequence{byte}, CancellationToken)"/>
    public ValueTask AppendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        AppendAsync(new ReadOnlySequence<byte>(data), cancellationToken);

    /// <summary>Appends; what comes next may be appended when the task has ended.</summary>
    /// <param name="data">Must stay unchanged, and its memory in use, until the task ends.</param>
    /// <param name="cancellationToken">Honoured only before it begins.</param>
    /// <returns>To be awaited once. It has ended already when the bytes were few: those are hashed on the calling thread.</returns>
    /// <exception cref="InvalidOperationException">An append is under way.</exception>
    public ValueTask AppendAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        ThrowIfAppending();
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        if (data.Length >= SharedLengthMin) return (sharedAppend ??= new SharedAppend(this)).Begin(data);
        foreach (var piece in data) Append(piece.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>The MD5 of all that was appended, and starts anew.</summary>
    /// <returns>A new array of <see cref="Size"/> bytes.</returns>
    /// <exception cref="InvalidOperationException">An append is under way.</exception>
    public byte[] Finish()
    {
        ThrowIfAppending();
        var digest = new byte[Size];
        Md5Engine.Finish(ref state, rest.AsSpan(0, restLength), length);
        state.Write(digest);
        (state, restLength, length) = (Md5State.Initial, 0, 0);
        return digest;
    }

    /// <summary>Counts bytes in, completes the block that was begun, and keeps what begins the next one.</summary>
    /// <returns>The whole blocks between: they are yet to be hashed, and the state is ready for them.</returns>
    private Range Enter(ReadOnlySpan<byte> data)
    {
        length += data.Length;
        var start = 0;
        if (restLength > 0)
        {
            start = Math.Min(data.Length, rest.Length - restLength);
            data[..start].CopyTo(rest.AsSpan(restLength));
            restLength += start;
            if (restLength < rest.Length) return ..0;
            Md5Engine.Append(ref state, rest);
        }

        var end = start + ((data.Length - start) & -Md5Engine.BlockSize);
        data[end..].CopyTo(rest);
        restLength = data.Length - end;
        return start..end;
    }

    private void ThrowIfAppending()
    {
        if (sharedAppend is { IsUnderWay: true }) throw new InvalidOperationException("An append to this MD5 is under way.");
    }
}
