namespace Oort.S3.Client.Tests.Support;

internal static class Bytes
{
    /// <summary>Bytes that do not repeat, the same for the same count.</summary>
    public static byte[] Of(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    public static S3Body Body(byte[] bytes) => new(bytes.Length, _ => ValueTask.FromResult<Stream>(new MemoryStream(bytes)));

    public static async Task<byte[]> ReadAsync(this S3Download download)
    {
        await using (download)
        {
            var copy = new MemoryStream();
            await download.Body.CopyToAsync(copy);
            return copy.ToArray();
        }
    }
}
