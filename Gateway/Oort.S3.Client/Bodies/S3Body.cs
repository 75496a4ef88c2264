namespace Oort.S3.Client;

/// <summary>A body to send that is never held in memory: it is opened anew for every attempt.</summary>
public sealed class S3Body
{
    private readonly Func<CancellationToken, ValueTask<Stream>> open;

    /// <param name="length">Exact bytes.</param>
    /// <param name="open">Gives the bytes from the first; called once an attempt, and the stream is disposed by the client.</param>
    public S3Body(long length, Func<CancellationToken, ValueTask<Stream>> open)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        this.open = open;
    }

    public long Length { get; }

    /// <summary>16 bytes, sent as Content-MD5; null where it is not known.</summary>
    public byte[]? ContentMd5 { get; init; }

    /// <summary>Whether <c>open</c> can be called more than once. False: a request that fails after the body was begun is not tried again.</summary>
    public bool IsRepeatable { get; init; } = true;

    /// <summary>A range of a file.</summary>
    public static S3Body OfFile(string path, long offset, long length) => new(length, _ =>
    {
        var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Options = FileOptions.Asynchronous | FileOptions.SequentialScan });
        stream.Seek(offset, SeekOrigin.Begin);
        return ValueTask.FromResult<Stream>(stream);
    });

    internal ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) => open(cancellationToken);
}
