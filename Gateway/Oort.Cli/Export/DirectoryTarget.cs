using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Oort.S3;
using Oort.S3.Client;

namespace Oort.Cli.Export;

/// <summary>A directory: a file an object, and beside them a list of what files cannot hold (docs/operations.md, "Export").</summary>
/// <remarks>A file is there under its name only when it is whole and synced. Size and time of a file say that it is the object's: the time is the object's Last-Modified.</remarks>
internal sealed class DirectoryTarget : IExportTarget
{
    private const string ListName = ".oort-export.jsonl";
    private const string PartialPrefix = ".oort-export-";
    private const int NameSizeMax = 255;
    private const int CopySize = 128 * 1024;

    private readonly S3Client source;
    private readonly string bucket;
    private readonly string root;
    private readonly StreamWriter list;
    private readonly SemaphoreSlim listTurn = new(1, 1);

    /// <param name="directory">Made if it is not there.</param>
    public DirectoryTarget(S3Client source, string bucket, string directory)
    {
        (this.source, this.bucket) = (source, bucket);
        root = Directory.CreateDirectory(Path.GetFullPath(directory)).FullName;
        list = new StreamWriter(Path.Combine(root, ListName), append: true);
    }

    public async Task<bool> CopyAsync(S3Item item, CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, RelativePath(item.Key));
        var file = new FileInfo(path);
        if (file.Exists && file.Length == item.Size && file.LastWriteTimeUtc == Whole(item.LastModified)) return false;

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (Directory.Exists(path)) throw new IOException($"{path} is a directory: another key has this one and a slash before its name.");
        await using var download = await source.GetObjectAsync(bucket, item.Key, null, item.ETag, 0, null, cancellationToken);
        var tags = download.Info.TagCount > 0 ? await source.GetTagsAsync(bucket, item.Key, null, cancellationToken) : [];
        var partial = Path.Combine(Path.GetDirectoryName(path)!, PartialPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(item.Key)).AsSpan(0, 16)));
        try
        {
            await WriteAsync(download, partial, item.Key, cancellationToken);
            File.SetLastWriteTimeUtc(partial, Whole(item.LastModified));
            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }

        await NoteAsync(item, download.Info, tags, path, cancellationToken);
        return true;
    }

    private static async Task WriteAsync(S3Download download, string path, string key, CancellationToken cancellationToken)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        await using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Options = FileOptions.Asynchronous, BufferSize = 0 });
        var buffer = ArrayPool<byte>.Shared.Rent(CopySize);
        try
        {
            for (int count; (count = await download.Body.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                md5.AppendData(buffer, 0, count);
                await file.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (download.Info.IsETagMd5 && Convert.ToHexStringLower(md5.GetHashAndReset()) != download.Info.ETag) throw new IOException($"The bytes of {key} do not have its ETag.");
        file.Flush(flushToDisk: true);
    }

    /// <summary>A line of JSON for each object: what was last said of a key holds.</summary>
    private async Task NoteAsync(S3Item item, S3ObjectInfo info, IReadOnlyList<S3Tag> tags, string path, CancellationToken cancellationToken)
    {
        var line = JsonSerializer.Serialize(
            new { item.Key, File = Path.GetRelativePath(root, path), item.Size, item.ETag, item.LastModified, info.Headers, Metadata = info.UserMetadata, Tags = tags.Select(tag => new[] { tag.Key, tag.Value }) },
            JsonSerializerOptions.Web);
        await listTurn.WaitAsync(cancellationToken);
        try
        {
            await list.WriteLineAsync(line);
            await list.FlushAsync(cancellationToken);
        }
        finally
        {
            listTurn.Release();
        }
    }

    /// <summary>A key as a path below the root: each of its segments a name; '%' and control characters as %XX, "." and ".." as %2E…, an empty segment as "%".</summary>
    /// <exception cref="IOException">A segment is longer than a file's name may be.</exception>
    internal static string RelativePath(string key)
    {
        var names = key.Split('/').Select(segment =>
        {
            var name = new StringBuilder(segment.Length);
            foreach (var c in segment)
            {
                if (c == '%' || char.IsControl(c)) name.Append(System.Globalization.CultureInfo.InvariantCulture, $"%{(int)c:X2}");
                else name.Append(c);
            }

            var isOwn = segment is "." or ".." || segment.StartsWith(PartialPrefix, StringComparison.Ordinal) || segment == ListName;
            var text = isOwn ? "%2E" + name.ToString(1, name.Length - 1) : name.Length == 0 ? "%" : name.ToString();
            return Encoding.UTF8.GetByteCount(text) <= NameSizeMax ? text : throw new IOException($"A segment of the key is longer than {NameSizeMax} bytes, which no file's name may be.");
        });
        return Path.Combine([.. names]);
    }

    // File systems keep more digits than listings show.
    private static DateTime Whole(DateTimeOffset time) => new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerMillisecond, DateTimeKind.Utc);

    public async ValueTask DisposeAsync()
    {
        await list.DisposeAsync();
        listTurn.Dispose();
    }
}
