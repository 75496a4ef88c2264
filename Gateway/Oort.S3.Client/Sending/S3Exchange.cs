namespace Oort.S3.Client;

/// <summary>An answer whose headers are there, with what watches over the rest of it.</summary>
internal sealed class S3Exchange(HttpResponseMessage response, StallWatch watch) : IDisposable
{
    public HttpResponseMessage Response { get; } = response;

    public StallWatch Watch { get; } = watch;

    /// <summary>A header's value; null when it is not there.</summary>
    public string? Header(string name) => HeaderOf(Response, name);

    public static string? HeaderOf(HttpResponseMessage response, string name)
    {
        if (response.Headers.NonValidated.TryGetValues(name, out var values)) return values.ToString();
        return response.Content.Headers.NonValidated.TryGetValues(name, out values) ? values.ToString() : null;
    }

    /// <summary>Reads the whole body into memory.</summary>
    /// <param name="sizeMax">Bytes; a longer one is no answer of S3.</param>
    /// <param name="isCut">True: what is longer is cut off, not refused.</param>
    public async ValueTask<byte[]> ReadAsync(int sizeMax, bool isCut = false)
    {
        await using var stream = await Response.Content.ReadAsStreamAsync(Watch.Token);
        var bytes = new byte[Math.Min(sizeMax, 16 * 1024)];
        for (var count = 0; ;)
        {
            Watch.Restart();
            var read = await stream.ReadAsync(bytes.AsMemory(count), Watch.Token);
            count += read;
            if (read == 0) return bytes[..count];
            if (count < bytes.Length) continue;
            if (count == sizeMax && isCut) return bytes;
            if (count == sizeMax) throw new S3ClientException(S3ErrorKind.BadAnswer, $"The service's answer is longer than {sizeMax} bytes.");
            Array.Resize(ref bytes, Math.Min(sizeMax, 2 * bytes.Length));
        }
    }

    public void Dispose()
    {
        Response.Dispose();
        Watch.Dispose();
    }
}
