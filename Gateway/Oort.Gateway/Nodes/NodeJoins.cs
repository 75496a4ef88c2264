using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Oort.Node.Protocol;

namespace Oort.Gateway;

/// <summary>Lets nodes into the cluster that show one of its tokens (docs/formats/node-membership.md §4).</summary>
internal sealed partial class NodeJoins(NodeMembership membership, NodeEndpoints endpoints, TimeProvider time, ILogger<NodeMembership> logger) : IDisposable
{
    private readonly SemaphoreSlim _joining = new(1, 1);

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A node joins: 1. form, signature and proof, 2. the token is bound to it, 3. its record is durable, 4. the gateway's proof.</summary>
    /// <exception cref="NodeRefusedException">It may not.</exception>
    public async ValueTask<byte[]> JoinAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        // 1.
        if (!JoinRequest.TryRead(message.Span, out var request, out var isSigned))
            throw isSigned ? new NodeRefusedException(400, "BadMessage", "This is no request to join.") : new NodeRefusedException(403, "BadProof", "The request is not signed by the node's key.");
        if (request.Cluster != membership.Cluster) throw new NodeRefusedException(403, "OtherCluster", "The token is of another cluster.");
        var secret = endpoints.SecretOf(request.Token);
        if (!request.IsProven(secret)) throw new NodeRefusedException(403, "BadProof", "The request is not made with the token's secret.");

        // 2.
        var given = await membership.Tokens.UseAsync(request.Token, request.Node, cancellationToken);

        // 3.
        var details = Merge(request.Details, given);
        await _joining.WaitAsync(cancellationToken);
        try
        {
            await AdmitAsync(request, details, given, cancellationToken);
        }
        finally
        {
            _joining.Release();
        }

        // 4.
        return new JoinAnswer(endpoints.Identity.PublicKey.ToArray(), RandomNumberGenerator.GetBytes(JoinProof.NonceSize), Now).Encode(secret, request.Node, request.Nonce);
    }

    /// <summary>Writes the record of a node that may join: a new one; or, with another token than before, what it says now. One that was removed begins anew.</summary>
    private async ValueTask AdmitAsync(JoinRequest request, NodeDetails details, GivenToken given, CancellationToken cancellationToken)
    {
        var known = await membership.LoadAsync(request.Node, cancellationToken);
        if (known?.Record.Token == given.Id) return;
        if (known is null)
        {
            var record = new NodeRecord { Id = request.Node.ToString(), Key = request.PublicKey.ToArray(), Details = details, Since = Now, Token = given.Id, IsAwaited = true, IsVetting = given.IsVetting };
            record = record.With(new(Now, $"Joined from {details.Address}."));
            await membership.AddAsync(request.Node, record);
        }
        else
        {
            var isNew = membership.StateOf(known) == MembershipState.Removed;
            await membership.ChangeAsync(
                known,
                record => record with { Details = details, Token = given.Id, IsVetting = given.IsVetting, IsAwaited = isNew || record.IsAwaited, IsPaused = !isNew && record.IsPaused, Since = isNew ? Now : record.Since },
                $"Joined again from {details.Address}.",
                cancellationToken);
            if (known.Store is { } store && !isNew) membership.Attach(known, store.Id);
        }

        LogJoined(logger, request.Node, details.Address);
    }

    public void Dispose() => _joining.Dispose();

    /// <summary>What the token's maker said goes before what the node says.</summary>
    private static NodeDetails Merge(NodeDetails said, GivenToken given) => said with
    {
        Operator = given.Operator ?? said.Operator,
        Country = given.Country ?? said.Country,
        Region = given.Region ?? said.Region,
        Network = given.Network ?? said.Network,
        PricePerTebibyteMonth = given.PricePerTebibyteMonth ?? said.PricePerTebibyteMonth,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} joined; it is at {Address}.")]
    private static partial void LogJoined(ILogger logger, NodeId node, string address);
}
