using Microsoft.Extensions.Logging.Abstractions;
using Oort.Node.Protocol;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Nodes;

/// <summary>One token at two gateways at once.</summary>
public sealed class SharedTokenTests
{
    private const int TokenCount = 12;

    [Fact]
    public async Task Join_WithOneTokenAtTwoGatewaysAtOnce_LetsOneNodeIn()
    {
        await using var gateways = await TwoGateways.StartAsync();
        using var endpoints = new NodeEndpoints(gateways.Root);
        await using var a = new NodeMembership(gateways.A, endpoints, TimeProvider.System, NullLogger<NodeMembership>.Instance);
        await using var b = new NodeMembership(gateways.B, endpoints, TimeProvider.System, NullLogger<NodeMembership>.Instance);
        for (var i = 0; i < TokenCount; i++)
        {
            var token = await a.Tokens.GiveAsync(TimeSpan.FromHours(1), [new Uri("http://127.0.0.1:9000/")], new() { Address = "any:1" }, isVetting: false, CancellationToken.None);
            using var one = NodeIdentity.Create();
            using var other = NodeIdentity.Create();
            using var start = new Barrier(2);

            var outcomes = await Task.WhenAll(TryAsync(a, token, one, start), TryAsync(b, token, other, start));

            outcomes.Order().ShouldBe(["", "TokenUsed"]);
            var joined = outcomes[0].Length == 0 ? one : other;
            // Whichever gateway let it in, it is a member at both, and the other node at none.
            foreach (var membership in (NodeMembership[])[a, b])
            {
                (await membership.LoadAsync(joined.Id, CancellationToken.None)).ShouldNotBeNull();
                (await membership.LoadAsync(joined == one ? other.Id : one.Id, CancellationToken.None)).ShouldBeNull();
            }
        }
    }

    private static Task<string> TryAsync(NodeMembership membership, JoinToken token, NodeIdentity node, Barrier start) => Task.Run(async () =>
    {
        var request = JoinRequest.Create(node, token, new() { Address = "127.0.0.1:1" }, new byte[JoinProof.NonceSize]).Bytes.ToArray();
        start.SignalAndWait();
        try
        {
            await membership.Joins.JoinAsync(request, CancellationToken.None);
            return "";
        }
        catch (NodeRefusedException refused)
        {
            return refused.Code;
        }
    });
}
