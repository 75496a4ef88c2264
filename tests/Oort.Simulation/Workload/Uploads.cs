using Oort.Checksums;
using Oort.Metadata;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Workload;

/// <summary>A client's multipart uploads: begun, filled, and sooner or later completed or aborted; what a crash leaves of them stays open, and is gone on with.</summary>
internal sealed class Uploads(World world, Client client, Random random)
{
    /// <summary>More than this are not open at a time.</summary>
    private const int OpenCountMax = 3;

    private const int PartNumberMax = 4;

    private readonly List<UploadState> open = [];

    /// <summary>Uploads that have become objects.</summary>
    public int CompletedCount { get; private set; }

    /// <summary>One request to one of the uploads, or to a new one.</summary>
    public async Task StepAsync(KeyState key)
    {
        if (open.Count == 0 || (open.Count < OpenCountMax && random.Next(4) == 0))
        {
            await CreateAsync(key);
            return;
        }

        var upload = open[random.Next(open.Count)];
        switch (random.Next(6))
        {
            case 0 when upload.HasParts: await CompleteAsync(upload); break;
            case 1 when random.Next(2) == 0: await AbortAsync(upload); break;
            default: await PutPartAsync(upload, 1 + random.Next(PartNumberMax)); break;
        }
    }

    /// <summary>Everything works: uploads that are open can be ended, whatever has happened since they were begun. By chance some are left.</summary>
    /// <exception cref="SimulationException">One cannot.</exception>
    public async Task EndSomeAsync()
    {
        foreach (var upload in open.Where(_ => random.Next(2) == 0).ToList())
        {
            if (upload.HasParts) await CompleteAsync(upload);
            else await AbortAsync(upload);
            if (open.Contains(upload)) throw new SimulationException($"Everything works, and upload {upload.Id} of {upload.Key.Name} could not be ended.");
        }
    }

    /// <summary>Compares what the gateway lists of this client's uploads with what is known of them; then there is no doubt any more.</summary>
    /// <exception cref="SimulationException">One is missing, or was ended, or has other parts.</exception>
    public async Task CheckAsync(GatewayMachine gateway, IEnumerable<UploadRow> listed)
    {
        var rows = listed.Where(row => client.Keys.Any(key => key.Name == row.Key)).ToDictionary(row => row.Id);
        foreach (var upload in open.ToList())
        {
            if (!rows.Remove(upload.Id, out var row))
            {
                if (!upload.MayBeOver) throw new SimulationException($"Upload {upload.Id} of {upload.Key.Name} is open, and is not listed.");
                open.Remove(upload);
                continue;
            }

            if (row.Key != upload.Key.Name) throw new SimulationException($"Upload {upload.Id} of {upload.Key.Name} is listed for {row.Key}.");
            upload.Settle(await gateway.ListPartsAsync(upload.Id));
        }

        if (rows.Count > 0) throw new SimulationException($"Uploads are listed that were ended, or never begun: {string.Join(", ", rows.Values.Select(row => $"{row.Id} of {row.Key}"))}.");
    }

    private async Task CreateAsync(KeyState key)
    {
        // The caller of a request that fails does not learn the id. This one does, and goes on with it.
        var upload = new UploadState(key, UploadId.Create(world.Gateways[0].Clock.GetUtcNow())) { MayBeOver = true };
        open.Add(upload);
        if (await client.TryAsync($"CREATE upload of {key.Name}", async gateway => Expect(await gateway.CreateUploadAsync(world.Bucket, key.Name, upload.Id)))) upload.MayBeOver = false;
    }

    private async Task PutPartAsync(UploadState upload, int number)
    {
        var content = new Content(random.Next(), client.Sizes[random.Next(client.Sizes.Length)]);
        upload.DoubtPart(number, content);
        var outcome = CommitOutcome.Done;
        PartRow? part = null;
        if (!await client.TryAsync($"PUT part {number} of {upload.Key.Name} {content.Length}", async gateway => (outcome, part) = await gateway.PutPartAsync(world.Bucket, upload.Key.Name, upload.Id, number, content.Bytes()))) return;
        if (IsOver(upload, outcome)) return;
        Expect(outcome);
        upload.AcknowledgePart(number, content, part!);
    }

    /// <summary>Completes it with the parts that were acknowledged.</summary>
    private async Task CompleteAsync(UploadState upload)
    {
        var (rows, content) = upload.Chosen();
        upload.Key.Doubt(content);
        var outcome = CommitOutcome.Done;
        var isCertain = !upload.MayBeOver && !upload.HasDoubtfulParts;
        upload.MayBeOver = true;
        if (!await client.TryAsync($"COMPLETE {upload.Key.Name} {content.Length}", async gateway => outcome = await gateway.CompleteUploadAsync(world.Bucket, upload.Key.Name, upload.Id, rows))) return;
        if (outcome != CommitOutcome.Done && isCertain) throw new SimulationException($"Upload {upload.Id} of {upload.Key.Name} with {rows.Count} acknowledged parts cannot be completed: {outcome}.");
        switch (outcome)
        {
            case CommitOutcome.Done:
                upload.Key.Acknowledge(content);
                open.Remove(upload);
                CompletedCount++;
                break;
            case CommitOutcome.NoSuchUpload:
                open.Remove(upload);
                break;
            case CommitOutcome.Conflict:
                // A part was replaced by one whose answer did not come: nothing was done.
                break;
            default:
                Expect(outcome);
                break;
        }
    }

    private async Task AbortAsync(UploadState upload)
    {
        var wasCertain = !upload.MayBeOver;
        upload.MayBeOver = true;
        var outcome = CommitOutcome.Done;
        if (!await client.TryAsync($"ABORT {upload.Key.Name}", async gateway => outcome = await gateway.AbortUploadAsync(world.Bucket, upload.Key.Name, upload.Id))) return;
        if (outcome != CommitOutcome.NoSuchUpload || wasCertain) Expect(outcome);
        open.Remove(upload);
    }

    /// <summary>It is gone, as it may be after a request that was not acknowledged.</summary>
    private bool IsOver(UploadState upload, CommitOutcome outcome)
    {
        if (outcome != CommitOutcome.NoSuchUpload || !upload.MayBeOver) return false;
        open.Remove(upload);
        return true;
    }

    private static void Expect(CommitOutcome outcome)
    {
        if (outcome != CommitOutcome.Done) throw new SimulationException($"A request for an upload ended with {outcome}.");
    }
}

/// <summary>What one upload may be, by what its only user was told.</summary>
internal sealed class UploadState(KeyState key, UploadId id)
{
    private readonly SortedDictionary<int, (Content Content, PartRow Row)> parts = [];
    private readonly Dictionary<int, List<Content>> doubts = [];

    public KeyState Key => key;

    public UploadId Id => id;

    /// <summary>A request that begins or ends it was not acknowledged.</summary>
    public bool MayBeOver { get; set; }

    public bool HasParts => parts.Count > 0;

    public bool HasDoubtfulParts => doubts.Count > 0;

    public void DoubtPart(int number, Content content)
    {
        if (!doubts.TryGetValue(number, out var some)) doubts[number] = some = [];
        some.Add(content);
    }

    public void AcknowledgePart(int number, Content content, PartRow row)
    {
        doubts.Remove(number);
        parts[number] = (content, row);
    }

    /// <summary>The parts that were acknowledged last, and what they make together.</summary>
    public (IReadOnlyList<PartRow> Rows, Content Content) Chosen()
    {
        Content[] contents = [.. parts.Values.Select(part => part.Content)];
        return ([.. parts.Values.Select(part => part.Row)], new(0, contents.Sum(content => content.Length)) { Parts = contents });
    }

    /// <summary>It is there, with these parts: compares them with what they may be.</summary>
    public void Settle(IReadOnlyList<PartRow> rows)
    {
        MayBeOver = false;
        foreach (var number in Enumerable.Union(parts.Keys, doubts.Keys).Union(rows.Select(row => row.PartNumber)).ToList())
        {
            var row = rows.FirstOrDefault(one => one.PartNumber == number);
            var some = doubts.GetValueOrDefault(number) ?? [];
            Content[] possible = parts.TryGetValue(number, out var known) ? [known.Content, .. some] : [.. some];
            var found = row is null ? null : possible.FirstOrDefault(content => content.Length == row.Size && ETagOf(content) == row.ETag);
            if (found is null && (row is not null || known.Row is not null))
                throw new SimulationException($"Part {number} of upload {id} of {key.Name} is {(row is null ? "not there" : $"{row.Size} bytes ({row.ETag})")}; it should have {string.Join(" or ", possible.Select(content => $"{content.Length} bytes ({content.Number})"))}.");
            if (found is not null) parts[number] = (found, row!);
        }

        doubts.Clear();
    }

    private static string ETagOf(Content content)
    {
        Span<byte> digest = stackalloc byte[Md5.Size];
        Md5.Hash(content.Bytes(), digest);
        return Convert.ToHexStringLower(digest);
    }
}
