using Oort.Backends;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Blobs (docs/formats/node-protocol.md §3).</summary>
internal static class BlobHandlers
{
    private const string Folder = "blobs";

    public static async Task GetAsync(NodeRequest request, string name)
    {
        request.AllowQuery();
        var store = request.Store();
        using var share = request.Services.Budget.TakeBytes(NodeLimits.BlobSizeMax);
        var state = request.Services.States.Of(Folder, name);
        request.SetHeader(NodeHeaders.State, state);
        var blob = await store.GetBlobAsync(name, request.Aborted) ?? throw new NodeRequestException(NodeErrorCode.NotFound, $"There is no blob {name}.") { State = state };
        if (!request.IsHead) await request.AnswerAsync(blob);
    }

    public static async Task PutAsync(NodeRequest request, string name)
    {
        request.AllowQuery();
        var store = request.Store();
        using var body = await request.ReadBodyAsync(NodeLimits.BlobSizeMax);
        request.Services.Storage.Admit(body.Memory.Length);
        using var turn = await EnterAsync(request, Folder, name);
        await store.PutBlobAsync(name, body.Memory, CancellationToken.None);
        request.Done();
    }

    public static async Task DeleteAsync(NodeRequest request, string name)
    {
        request.AllowQuery();
        var store = request.Store();
        using var turn = await EnterAsync(request, Folder, name);
        await store.DeleteBlobAsync(name, CancellationToken.None);
        request.Done();
    }

    public static Task ListAsync(NodeRequest request)
    {
        var store = request.Store();
        return AnswerNamesAsync(request, prefix => store.ListBlobsAsync(prefix, request.Aborted));
    }

    /// <summary>The right to change a name that is in the state which the caller took it to be in.</summary>
    /// <exception cref="NodeRequestException">Conflict: it is in another.</exception>
    public static async Task<NameStates.Turn> EnterAsync(NodeRequest request, string folder, string name)
    {
        var turn = await request.Services.States.EnterAsync(folder, name, request.Aborted);
        var state = turn.State;
        if (request.Header(NodeHeaders.State) == state)
        {
            turn.Changing();
            return turn;
        }

        turn.Dispose();
        throw new NodeRequestException(NodeErrorCode.Conflict, "It has been changed since.") { State = state };
    }

    public static async Task AnswerNamesAsync(NodeRequest request, Func<string, IAsyncEnumerable<string>> list)
    {
        request.AllowQuery("prefix", "after");
        var prefix = request.Query("prefix") ?? "";
        var after = request.Query("after");
        if (!StoreNames.IsValidPrefix(prefix) || (after is not null && !StoreNames.IsValid(after))) throw NodeRequest.Bad("The prefix or the name after which to go on is none.");
        var names = new List<string>();
        var hasMore = false;
        await foreach (var name in list(prefix))
        {
            if (after is not null && string.CompareOrdinal(name, after) <= 0) continue;
            hasMore = names.Count == NodeLimits.NamePageCountMax;
            if (hasMore) break;
            names.Add(name);
        }

        await request.AnswerAsync(new NamePage(hasMore, names).Encode());
    }
}
