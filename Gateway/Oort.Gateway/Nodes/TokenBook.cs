using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Oort.Metadata;
using Oort.Node.Protocol;

namespace Oort.Gateway;

/// <summary>The join tokens that were given out: one document among the settings, read for every use and replaced only as it was read, so that of two gateways one gives a token's use away.</summary>
internal sealed class TokenBook(IMetadataStore metadata, NodeEndpoints keys, TimeProvider time)
{
    /// <summary>Setting that holds them.</summary>
    public const string SettingName = "node-tokens";

    private const int VersionKnown = 1;
    private const int OpenCountMax = 1_000;

    /// <summary>How long an ended token is remembered, so that who comes late is told why it fails.</summary>
    private static readonly TimeSpan RememberedFor = TimeSpan.FromDays(7);

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Gives out a token; it is durable before it is seen.</summary>
    /// <param name="isVetting">The node that joins with it is to prove itself before it gets its full share.</param>
    /// <exception cref="AdminRequestException">Too many are open.</exception>
    public async ValueTask<JoinToken> GiveAsync(TimeSpan lifetime, ImmutableArray<Uri> urls, NodeDetails about, bool isVetting, CancellationToken cancellationToken)
    {
        var id = BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(16));
        var token = new JoinToken(id, keys.Identity.Id, keys.SecretOf(id), Now + (long)lifetime.TotalMilliseconds, urls);
        await ChangeAsync(
            tokens => tokens.Count(one => one.Node is null && one.Expires > Now) < OpenCountMax
                ? tokens.Add(new(id.ToString("x32", null), token.Expires, null, about.Operator, about.Country, about.Region, about.Network, about.PricePerTebibyteMonth, isVetting))
                : throw new AdminRequestException(409, "TooManyTokens", $"{OpenCountMax} tokens are waiting to be used; they end by themselves."),
            cancellationToken);
        return token;
    }

    /// <summary>Binds a token to the node that shows it; again for the same node it is the same.</summary>
    /// <exception cref="NodeRefusedException">Unknown, expired, or used by another node.</exception>
    public async ValueTask<GivenToken> UseAsync(UInt128 id, NodeId node, CancellationToken cancellationToken)
    {
        GivenToken? used = null;
        await ChangeAsync(
            tokens =>
            {
                var given = tokens.FirstOrDefault(one => one.Id == id.ToString("x32", null)) ?? throw new NodeRefusedException(403, "TokenUnknown", "This cluster has given out no such token, or it ended long ago.");
                if (given.Node is not null && given.Node != node.ToString()) throw new NodeRefusedException(403, "TokenUsed", "Another node has joined with this token; each node needs its own.");
                if (given.Expires <= Now) throw new NodeRefusedException(403, "TokenExpired", "The token has expired; ask for another one: oort node invite.");
                used = given with { Node = node.ToString() };
                return given.Node is null ? tokens.Replace(given, used) : tokens;
            },
            cancellationToken);
        return used!;
    }

    /// <summary>Nodes that joined with a token that is still remembered.</summary>
    public async ValueTask<ImmutableArray<NodeId>> ListNodesAsync(CancellationToken cancellationToken) =>
        [.. Decode(await metadata.GetSettingAsync(SettingName, cancellationToken)).Select(one => NodeId.TryParse(one.Node, out var id) ? id : (NodeId?)null).OfType<NodeId>()];

    private async ValueTask ChangeAsync(Func<ImmutableArray<GivenToken>, ImmutableArray<GivenToken>> change, CancellationToken cancellationToken) => await metadata.ChangeSettingAsync(
        SettingName,
        json =>
        {
            var before = Decode(json);
            var after = change(before);
            if (after == before) return json;
            var kept = after.Where(one => one.Expires > Now - (long)RememberedFor.TotalMilliseconds).ToImmutableArray();
            return JsonSerializer.SerializeToUtf8Bytes(new(VersionKnown, kept), NodeRecordJson.Default.GivenTokens);
        },
        cancellationToken);

    private static ImmutableArray<GivenToken> Decode(byte[]? json)
    {
        if (json is not { Length: > 0 }) return [];
        try
        {
            if (JsonSerializer.Deserialize(json, NodeRecordJson.Default.GivenTokens) is { Version: VersionKnown, Tokens.IsDefault: false } read) return read.Tokens;
        }
        catch (JsonException)
        {
            // Said below.
        }

        throw new InvalidDataException("The join tokens are damaged, or were written by a newer version of Oort.");
    }
}
