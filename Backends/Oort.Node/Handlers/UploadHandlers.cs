using System.Globalization;
using Oort.Backends;
using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Shards in several requests, to be taken up again where a connection broke (docs/formats/node-protocol.md §3, Upload).</summary>
internal static class UploadHandlers
{
    public static async Task BeginAsync(NodeRequest request)
    {
        request.AllowQuery("shard", "length");
        var store = request.Store();
        if (!ShardName.TryParse(request.Query("shard"), out var shard)) throw NodeRequest.Bad("The parameter shard is the name of a shard.");
        var length = request.Number("length", NodeLimits.ShardLengthMax);
        request.Services.Storage.Admit(length);
        request.SetHeader(NodeHeaders.Upload, await request.Services.Uploads.BeginAsync(store, shard.Id(), length, request.WantsReceipt, CancellationToken.None));
        request.Done();
    }

    public static async Task HeadAsync(NodeRequest request, string id)
    {
        request.AllowQuery();
        request.Store();
        using var turn = await request.Services.Uploads.EnterAsync(id, request.Aborted);
        request.SetHeader(NodeHeaders.Offset, turn.Upload.Offset);
    }

    /// <summary>Takes bytes: all of them, once their checksum is right, or none.</summary>
    public static async Task AppendAsync(NodeRequest request, string id)
    {
        request.AllowQuery("offset");
        request.Store();
        var offset = request.Number("offset", NodeLimits.ShardLengthMax);
        using var body = await request.ReadBodyAsync(NodeLimits.UploadAppendSizeMax);
        using var turn = await request.Services.Uploads.EnterAsync(id, request.Aborted);
        var upload = turn.Upload;
        if (offset > upload.Offset) throw NodeRequest.Bad($"The upload has {upload.Offset} bytes; there would be a gap.");
        if (offset + body.Memory.Length > upload.Length) throw NodeRequest.Bad($"The upload was announced with {upload.Length} bytes.");

        // What is there already is passed over: the answer to an earlier try was lost.
        var known = (int)Math.Min(upload.Offset - offset, body.Memory.Length);
        var content = body.Memory[known..];
        if (!content.IsEmpty)
        {
            var crc = known == 0 ? body.Crc : Crc64Nvme.Compute(content.Span);
            try
            {
                await upload.Writer.WriteAsync(content, crc, CancellationToken.None);
            }
            catch (BackendException)
            {
                // What is on the disk is unknown now, so the writer takes no more.
                await request.Services.Uploads.GiveUpAsync(id, turn);
                throw;
            }

            upload.Root?.Append(content.Span);
            upload.Crc = Crc64Nvme.Combine(upload.Crc, crc, content.Length);
            upload.Offset += content.Length;
        }

        request.SetHeader(NodeHeaders.Offset, upload.Offset);
        request.Done();
    }

    public static async Task CommitAsync(NodeRequest request, string id)
    {
        request.AllowQuery();
        var store = request.Store();
        var crc = request.Header(NodeHeaders.Crc) is { Length: 16 } text && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw NodeRequest.Bad($"A commit has the shard's CRC in {NodeHeaders.Crc}.");
        if (request.Services.Uploads.TryGetCommitted(id, out var known))
        {
            await AnswerAsync(request, known);
            return;
        }

        byte[]? receipt;
        using (var turn = await EnterToCommitAsync(request, id))
        {
            var upload = turn.Upload;
            if (upload.Offset != upload.Length) throw NodeRequest.Bad($"The upload has {upload.Offset} of {upload.Length} bytes.");
            if (upload.Crc != crc)
            {
                await request.Services.Uploads.GiveUpAsync(id, turn);
                throw new NodeRequestException(NodeErrorCode.BadBody, "The upload's bytes are not those of the commit's checksum.");
            }

            try
            {
                await upload.Writer.CommitAsync(CancellationToken.None);
            }
            catch (BackendException)
            {
                await request.Services.Uploads.GiveUpAsync(id, turn);
                throw;
            }

            receipt = upload.Root is { } root
                ? StorageReceipt.Sign(request.Services.Identity, upload.Shard.Name(), store.Id.Value, upload.Length, crc, request.Services.Time.GetUtcNow().ToUnixTimeMilliseconds(), root.Finish())
                : null;
            request.Services.Uploads.Committed(id, turn, receipt);
        }

        await AnswerAsync(request, receipt);
    }

    public static async Task GiveUpAsync(NodeRequest request, string id)
    {
        request.AllowQuery();
        request.Store();
        try
        {
            using var turn = await request.Services.Uploads.EnterAsync(id, request.Aborted);
            await request.Services.Uploads.GiveUpAsync(id, turn);
        }
        catch (NodeRequestException e) when (e.Code == NodeErrorCode.UnknownUpload)
        {
            // It is over already, which is what is wanted.
        }

        request.Done();
    }

    /// <summary>A repetition of a commit may have waited for the first to end: then that one's answer is this one's, too, and the caller asks again.</summary>
    private static async Task<UploadTable.Turn> EnterToCommitAsync(NodeRequest request, string id)
    {
        try
        {
            return await request.Services.Uploads.EnterAsync(id, request.Aborted);
        }
        catch (NodeRequestException) when (request.Services.Uploads.TryGetCommitted(id, out _))
        {
            throw new NodeRequestException(NodeErrorCode.Throttled, "The commit was being done in this moment.");
        }
    }

    private static Task AnswerAsync(NodeRequest request, byte[]? receipt)
    {
        if (receipt is not null) return request.AnswerAsync(receipt);
        request.Done();
        return Task.CompletedTask;
    }
}
