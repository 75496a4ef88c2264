using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Gateway.Tests.Operations;
using Oort.Objects;
using Shouldly;

namespace Oort.Gateway.Tests.Model;

/// <summary>
/// Requests on a gateway whose stores fail now and then. What is acknowledged must be readable with its bytes from then on; what is refused left the old
/// state or made the whole new one, and once that was seen it stays. Where no more stores fail than the geometry bears, nothing may be refused.
/// </summary>
internal sealed class FaultRun(RestartableGateway gateway, int seed)
{
    private const string Absent = "";

    private static readonly TimeSpan patience = TimeSpan.FromSeconds(20);

    private readonly Random random = new(seed);

    /// <summary>For each key what it may be, by ETag, oldest first: one where the state is known.</summary>
    private readonly SortedDictionary<string, List<string>> plain = new(StringComparer.Ordinal);

    /// <summary>Versions of the versioned bucket that were acknowledged, and whether a delete of them was refused (then they may be gone).</summary>
    private readonly Dictionary<(string Key, string Id), (string ETag, bool MayBeGone)> kept = [];

    private readonly Dictionary<string, byte[]> contents = [];

    /// <summary>Stores that failed since all were healed.</summary>
    private readonly HashSet<int> faulty = [];

    public int Refused { get; private set; }

    public int Done { get; private set; }

    public async Task StartAsync()
    {
        (await gateway.Client.SendAsync("PUT", "/plain", [])).Status.ShouldBe(200);
        (await gateway.Client.SendAsync("PUT", "/kept", [])).Status.ShouldBe(200);
        (await gateway.Client.SendAsync("PUT", "/kept?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")).Status.ShouldBe(200);
    }

    public async Task StepAsync()
    {
        var key = $"key{random.Next(6)}";
        switch (random.Next(27))
        {
            case < 6: await PutAsync(key); break;
            case < 8: await DeleteAsync(key); break;
            case < 10: await CopyAsync(key, $"key{random.Next(6)}"); break;
            case < 12: await MultipartAsync(key); break;
            case < 15: await PutKeptAsync(key); break;
            case < 16: await DeleteKeptAsync(); break;
            case < 19: await CheckPlainAsync(key); break;
            case < 25: Break(); break;
            case < 26: await HealAsync(); break;
            default:
                // A start bears one store that fails; what it holds alone of refused changes must not come back later.
                if (faulty.Count > 1 || random.Next(2) == 0) await HealAsync();
                await (random.Next(2) == 0 ? gateway.RestartAsync() : gateway.KillAsync());
                await CheckAllAsync();
                break;
        }
    }

    /// <summary>Everything healthy and mended, then everything read.</summary>
    public async Task FinishAsync()
    {
        await HealAsync();
        await CheckAllAsync();
        await gateway.KillAsync();
        await CheckAllAsync();
    }

    /// <summary>Makes one store fail: at some of its next calls, or altogether until it is healed.</summary>
    private void Break()
    {
        // Mostly one or two stores an era, so that the geometry bears it; now and then more.
        var index = faulty.Count < 2 || random.Next(4) == 0 ? random.Next(gateway.Stores.Count) : faulty.ElementAt(random.Next(faulty.Count));
        faulty.Add(index);
        var store = gateway.Stores[index];
        StoreOperations[] operations =
            [StoreOperations.Put, StoreOperations.Begin, StoreOperations.Write, StoreOperations.Commit, StoreOperations.AppendLog, StoreOperations.Read, StoreOperations.ShardWrites, StoreOperations.Writes];
        var operation = operations[random.Next(operations.Length)];
        BackendErrorKind[] kinds = [BackendErrorKind.Transient, BackendErrorKind.Throttled, BackendErrorKind.Permanent, BackendErrorKind.Full];
        var kind = kinds[random.Next(kinds.Length)];
        switch (random.Next(8))
        {
            case 0:
                store.Offline = true;
                break;
            case 1:
                store.Inject(operation, FaultMode.FailAfterDoing, kind, random.Next(3), 1 + random.Next(4));
                break;
            case 2:
                // A lie is only found by a scrub, so there is one store that lies.
                if (index == faulty.First()) store.Inject(StoreOperations.ShardWrites & ~StoreOperations.Begin, FaultMode.PretendDone, kind, random.Next(3), 1 + random.Next(4));
                break;
            case 3:
                store.Inject(StoreOperations.Read, random.Next(2) == 0 ? FaultMode.FlipBit : FaultMode.ShortRead, kind, random.Next(3), 1 + random.Next(4));
                break;
            case 4:
                store.Inject(operation, FaultMode.Fail, kind, random.Next(3), int.MaxValue);
                break;
            default:
                store.Inject(operation, FaultMode.Fail, kind, random.Next(4), 1 + random.Next(5));
                break;
        }
    }

    /// <summary>Ends all faults, waits until all stores are in use, and mends what is missing on them.</summary>
    private async Task HealAsync()
    {
        foreach (var store in gateway.Stores) store.Heal();
        var begun = TimeProvider.System.GetTimestamp();
        while (!gateway.System.Stores.GetStatus().All(store => store.Health == StoreHealth.Online))
        {
            TimeProvider.System.GetElapsedTime(begun).ShouldBeLessThan(patience, "a healed store did not come back");
            await Task.Delay(5);
        }

        await gateway.System.ScrubAsync(repair: true, null, CancellationToken.None);
        faulty.Clear();
    }

    private async Task PutAsync(string key)
    {
        var content = NewContent();
        await ChangeAsync(key, Md5(content), () => gateway.Client.SendAsync("PUT", $"/plain/{key}", content));
    }

    private Task DeleteAsync(string key) => ChangeAsync(key, Absent, () => gateway.Client.SendAsync("DELETE", $"/plain/{key}"));

    private async Task CopyAsync(string from, string key)
    {
        // Of what is known to be there, so that the copy's bytes are known.
        if (from == key || !plain.TryGetValue(from, out var source) || source.Count != 1 || source[0] == Absent) return;
        await ChangeAsync(key, source[0], () => gateway.Client.SendAsync("PUT", $"/plain/{key}", [], ("x-amz-copy-source", $"/plain/{from}")));
    }

    private async Task MultipartAsync(string key)
    {
        if (await SendAsync(() => gateway.Client.SendAsync("POST", $"/plain/{key}?uploads", [])) is not { } created) return;
        var id = created.Element("UploadId");
        byte[][] parts = [NewContent(1000), NewContent(9000)];
        var body = new StringBuilder("<CompleteMultipartUpload>");
        for (var number = 1; number <= parts.Length; number++)
        {
            var part = parts[number - 1];
            var target = string.Create(CultureInfo.InvariantCulture, $"/plain/{key}?partNumber={number}&uploadId={id}");
            if (await SendAsync(() => gateway.Client.SendAsync("PUT", target, part)) is null) return;
            body.Append(CultureInfo.InvariantCulture, $"<Part><PartNumber>{number}</PartNumber><ETag>{Md5(part)}</ETag></Part>");
        }

        var etag = $"{Convert.ToHexStringLower(MD5.HashData([.. parts.SelectMany(MD5.HashData)]))}-{parts.Length}";
        contents[etag] = [.. parts.SelectMany(part => part)];
        body.Append("</CompleteMultipartUpload>");
        await ChangeAsync(key, etag, () => gateway.Client.SendAsync("POST", $"/plain/{key}?uploadId={id}", body.ToString()));
    }

    private async Task PutKeptAsync(string key)
    {
        var content = NewContent();
        if (await SendAsync(() => gateway.Client.SendAsync("PUT", $"/kept/{key}", content)) is { } answer)
            kept[(key, answer.Header("x-amz-version-id"))] = (Md5(content), false);
    }

    private async Task DeleteKeptAsync()
    {
        if (kept.Count == 0) return;
        var (version, (etag, _)) = kept.ElementAt(random.Next(kept.Count));
        if (await SendAsync(() => gateway.Client.SendAsync("DELETE", $"/kept/{version.Key}?versionId={version.Id}")) is null) kept[version] = (etag, true);
        else kept.Remove(version);
    }

    private async Task ChangeAsync(string key, string after, Func<Task<RawAnswer>> send)
    {
        if (!plain.TryGetValue(key, out var states)) plain[key] = states = [Absent];
        if (await SendAsync(send) is not null) states.Clear();
        states.Remove(after);
        states.Add(after);
    }

    /// <summary>Sends a change.</summary>
    /// <returns>Null when it was refused, which is only right with more faulty stores than a write bears.</returns>
    private async Task<RawAnswer?> SendAsync(Func<Task<RawAnswer>> send)
    {
        try
        {
            var answer = await send();
            if (answer.Status is >= 200 and < 300 && answer.Code.Length == 0)
            {
                Done++;
                return answer;
            }

            // A copy or complete that takes long has its error in a 200.
            answer.Code.ShouldBeOneOf("SlowDown", "ServiceUnavailable");
        }
        catch (HttpRequestException)
        {
            // The connection was cut, which is how a late failure is told.
        }

        faulty.Count.ShouldBeGreaterThan(1, "a request was refused although one store at most failed");
        Refused++;
        return null;
    }

    private async Task CheckPlainAsync(string key)
    {
        if (!plain.TryGetValue(key, out var states)) return;
        var (state, content) = await ReadAsync($"/plain/{key}");
        if (state is null)
        {
            faulty.Count.ShouldBeGreaterThan(2, $"{key} could not be read although two stores at most failed");
            return;
        }

        states.ShouldContain(state, key);
        if (state != Absent) content.AsSpan().SequenceEqual(contents[state]).ShouldBeTrue($"{key} has other bytes than were put");

        // What was seen is not undone; a refused change after it may still come.
        states.RemoveRange(0, states.IndexOf(state));
    }

    private async Task CheckAllAsync()
    {
        foreach (var (key, states) in plain)
        {
            await CheckPlainAsync(key);

            // Nothing is under way any more.
            if (states.Count > 1) states.RemoveRange(1, states.Count - 1);
        }

        foreach (var ((key, id), (etag, mayBeGone)) in kept.ToList())
        {
            var (state, content) = await ReadAsync($"/kept/{key}?versionId={id}");
            if (state == Absent && mayBeGone)
            {
                kept.Remove((key, id));
                continue;
            }

            state.ShouldBe(etag, $"version {id} of {key}");
            content.AsSpan().SequenceEqual(contents[etag]).ShouldBeTrue($"version {id} of {key} has other bytes than were put");
            kept[(key, id)] = (etag, false);
        }
    }

    /// <returns>ETag and bytes; <see cref="Absent"/> for 404; null when it could not be read.</returns>
    private async Task<(string? State, byte[] Content)> ReadAsync(string target)
    {
        try
        {
            var answer = await gateway.Client.SendAsync("GET", target);
            if (answer.Status == 200) return (answer.Header("ETag").Trim('"'), answer.Body);
            if (answer.Status == 404) return (Absent, []);
            answer.Code.ShouldBe("SlowDown");
        }
        catch (HttpRequestException)
        {
            // Cut off after the first bytes: the client is told that it has not all.
        }

        return (null, []);
    }

    private byte[] NewContent(int least = 0)
    {
        int[] sizes = [least, least + 1, 1000, 5000, 9000, 70_000, 300_000];
        var content = new byte[Math.Max(least, sizes[random.Next(sizes.Length)])];
        random.NextBytes(content);
        contents[Md5(content)] = content;
        return content;
    }

    private static string Md5(byte[] content) => Convert.ToHexStringLower(MD5.HashData(content));
}
