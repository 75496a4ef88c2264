using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Benchmarks.Gateway;

/// <summary>The works of the benchmark, in their order: later ones read what earlier ones wrote.</summary>
/// <param name="isShort">A run of some seconds, to see that everything works; its figures mean little.</param>
internal sealed class Works(bool isShort)
{
    public const string Bucket = "/bench";

    private const int Mebibyte = 1024 * 1024;
    private const int LargeSize = 64 * Mebibyte;

    /// <summary>Keys of the two listed buckets: their names grow with their number, so that position in the listing is known.</summary>
    private readonly int[] listedKeys = isShort ? [2_000, 4_000] : [100_000, 1_000_000];

    private readonly byte[] large = Content(LargeSize);
    private readonly byte[] part = Content(8 * Mebibyte);
    private readonly byte[] medium = Content(Mebibyte);
    private readonly byte[] mixed = Content(64 * 1024);
    private readonly byte[] small = Content(4096);

    /// <summary>First rounds that warm the server's code up; not shown.</summary>
    public IEnumerable<Work> WarmUp() =>
    [
        Put("warm up", 8, Few(2, 1), "warm", large),
        Get("warm up", 8, Few(2, 1), "warm"),
        Put("warm up", 16, Few(32, 1), "warm-medium", medium),
        Put("warm up", 64, Few(500, 10), "warm-small", small),
        Get("warm up", 64, Few(500, 10), "warm-small"),
        Head("warm up", 64, Few(200, 10), "warm-small"),
    ];

    /// <summary>Objects of three sizes over few and many connections. What was written past the page cache is read from the disk, the large ones twice; the third read, not shown, brings it into memory; then from there.</summary>
    public IEnumerable<Work> Objects()
    {
        foreach (var connections in new[] { 1, 8, 64 })
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"large-{connections}");
            var count = Few(connections == 64 ? 1 : connections == 8 ? 6 : 12, 1);
            yield return Put("PUT 64 MiB", connections, count, name, large);
            yield return Get("GET 64 MiB, from disk", connections, count, name);
            yield return Get("GET 64 MiB, from disk again", connections, count, name) with { BeginsCold = true };
            for (var i = 0; i < 2; i++) yield return Get("into memory", connections, count, name) with { IsShown = false };
            yield return Get("GET 64 MiB, from memory", connections, count, name);
        }

        foreach (var connections in new[] { 1, 8, 64 })
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"medium-{connections}");
            var count = Few(connections == 64 ? 16 : 128, 2);
            yield return Put("PUT 1 MiB", connections, count, name, medium);
            yield return Get("GET 1 MiB, from disk", connections, count, name);
            for (var i = 0; i < 3; i++) yield return Get("into memory", connections, count, name) with { IsShown = false };
            yield return Get("GET 1 MiB, from memory", connections, count, name);
        }

        foreach (var connections in new[] { 1, 8, 64 })
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"small-{connections}");
            var count = Few(1000, 20);
            yield return Put("PUT 4 KiB", connections, count, name, small);
            yield return Get("GET 4 KiB", connections, count, name);
        }

        yield return Head("HEAD 4 KiB", 64, Few(1000, 20), "small-64");
    }

    /// <summary>What real clients also do.</summary>
    public IEnumerable<Work> Clients()
    {
        yield return PutSigned("PUT 64 MiB, signed payload", 8, Few(6, 1), "signed", large);
        yield return new Work("multipart, 4 parts of 8 MiB", 8, Few(12, 1), Multipart);
        yield return new Work("GET 4 KiB ranges of 64 MiB", 16, Few(1000, 20), (client, c, i) => GetRange(client, c, i, 4096));
        yield return new Work("GET 1 MiB ranges of 64 MiB", 8, Few(256, 4), (client, c, i) => GetRange(client, c, i, Mebibyte));
        yield return Put("PUT 64 KiB", 32, Few(64, 8), "mixed", mixed);
        yield return new Work("mixed 64 KiB: 45 % GET, 30 % HEAD, 15 % PUT, 10 % DELETE", 32, Few(400, 20), Mixed);
    }

    /// <summary>Many connections, and an object larger than all memory.</summary>
    public IEnumerable<Work> Crowds()
    {
        yield return Put("PUT 1 MiB", 500, Few(4, 1), "crowd", medium);
        yield return Get("GET 1 MiB", 500, Few(4, 1), "crowd");
        var parts = isShort ? 4 : 160;
        yield return new Work(string.Create(CultureInfo.InvariantCulture, $"PUT {(long)parts * LargeSize >> 30} GiB in parts of 64 MiB"), 1, 1, (client, _, _) => Upload(client, "/bench/huge", parts, large));
        yield return new Work(string.Create(CultureInfo.InvariantCulture, $"GET {(long)parts * LargeSize >> 30} GiB"), 1, 1, (client, _, _) => client.Run("GET", "/bench/huge", "", []));
    }

    /// <summary>Fills a bucket and lists it, a page at its beginning and one near its end by turns, so that both see the same noise.</summary>
    public IEnumerable<Work> Listings()
    {
        foreach (var keys in listedKeys)
        {
            var bucket = string.Create(CultureInfo.InvariantCulture, $"/listed-{keys}");
            yield return new Work("make a bucket", 1, 1, (client, _, _) => client.Run("PUT", bucket, "", [])) { MovesBytes = false, IsShown = false };
            var count = keys / 64;
            yield return new Work(string.Create(CultureInfo.InvariantCulture, $"PUT of {keys:N0} empty objects"), 64, count, (client, c, i) => client.Run("PUT", ListedKey(bucket, c * count + i), "", [])) { MovesBytes = false };
            for (var round = 0; round < Few(3, 1); round++)
            {
                yield return List(bucket, keys, 0);
                yield return List(bucket, keys, keys / 64 * 64 / 10 * 9);
            }
        }
    }

    public static byte[] Content(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    public static Work Put(string name, int connections, int count, string prefix, byte[] body) =>
        new(name, connections, count, (client, c, i) =>
        {
            client.Run("PUT", Key(prefix, c, i), "", body);
            return body.Length;
        });

    /// <summary>As <see cref="Put"/>, with the body's SHA-256 in the signature, so that the server has to compute it too.</summary>
    public static Work PutSigned(string name, int connections, int count, string prefix, byte[] body)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(body));
        return new Work(name, connections, count, (client, c, i) =>
        {
            client.Run("PUT", Key(prefix, c, i), "", body, payloadHash: hash);
            return body.Length;
        });
    }

    public static Work Get(string name, int connections, int count, string prefix) =>
        new(name, connections, count, (client, c, i) => client.Run("GET", Key(prefix, c, i), "", []));

    public static Work Head(string name, int connections, int count, string prefix) =>
        new(name, connections, count, (client, c, i) => client.Run("HEAD", Key(prefix, c, i), "", [])) { MovesBytes = false };

    /// <param name="after">Key after which the page begins; needs no encoding.</param>
    public static Work List(string bucket, string after, int count, string name) =>
        new(name, 1, count, (client, _, _) => client.Run("GET", bucket, after.Length == 0 ? "list-type=2&max-keys=1000" : $"list-type=2&max-keys=1000&start-after={after}", [])) { MovesBytes = false };

    private Work List(string bucket, int keys, int position) =>
        List(bucket, position == 0 ? "" : ListedKey("", position)[1..], Few(400, 10), string.Create(CultureInfo.InvariantCulture, $"LIST 1,000 keys at key {position + 1:N0} of {keys:N0}"));

    private int Few(int count, int countShort) => isShort ? countShort : count;

    private static string Key(string prefix, int connection, int number) => string.Create(CultureInfo.InvariantCulture, $"{Bucket}/{prefix}/{connection}/{number}");

    private static string ListedKey(string bucket, int number) => string.Create(CultureInfo.InvariantCulture, $"{bucket}/key-{number:D8}");

    private long Multipart(LoadClient client, int connection, int number) => Upload(client, Key("multipart", connection, number), 4, part);

    private static long Upload(LoadClient client, string path, int count, byte[] content)
    {
        var created = client.Text("POST", path, "uploads=", []);
        var from = created.IndexOf("<UploadId>", StringComparison.Ordinal) + "<UploadId>".Length;
        var id = created[from..created.IndexOf("</UploadId>", StringComparison.Ordinal)];
        var parts = new StringBuilder("<CompleteMultipartUpload>");
        for (var number = 1; number <= count; number++)
        {
            client.Run("PUT", path, string.Create(CultureInfo.InvariantCulture, $"partNumber={number}&uploadId={id}"), content);
            parts.Append(CultureInfo.InvariantCulture, $"<Part><PartNumber>{number}</PartNumber><ETag>{client.ETag}</ETag></Part>");
        }

        client.Run("POST", path, $"uploadId={id}", Encoding.UTF8.GetBytes(parts.Append("</CompleteMultipartUpload>").ToString()));
        return (long)count * content.Length;
    }

    /// <summary>A range of one of the objects that "PUT 64 MiB" over eight connections wrote.</summary>
    private static long GetRange(LoadClient client, int connection, int number, int size)
    {
        // Knuth's multiplicative hash: spread, and the same in every run.
        var first = ((uint)((connection << 16) + number) * 2_654_435_761u) % (uint)(LargeSize - size);
        var range = string.Create(CultureInfo.InvariantCulture, $"bytes={first}-{first + size - 1}");
        return client.Run("GET", Key("large-8", connection % 8, 0), "", [], range: range);
    }

    /// <summary>Each connection keeps to its own keys, of which every deleted one is put again by a later step.</summary>
    private long Mixed(LoadClient client, int connection, int number)
    {
        var place = number % 20;
        var kept = Key("mixed", connection, number % Few(64, 8));
        var own = Key("mixed-own", connection, number / 20);
        return place switch
        {
            < 9 => client.Run("GET", kept, "", []),
            < 15 => client.Run("HEAD", kept, "", []),
            < 18 => Store(own + (char)('a' + place - 15)),
            < 20 => client.Run("DELETE", own + (char)('a' + place - 18), "", []),
            _ => throw new InvalidOperationException("There are twenty places."),
        };

        long Store(string key)
        {
            client.Run("PUT", key, "", mixed);
            return mixed.Length;
        }
    }
}
