using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Reads the journals of gateways that worked side by side as one: in the order of commits.</summary>
internal static class JournalMerge
{
    /// <summary>Every entry that is newer than a generation, by its last generation: a group is committed at once, so that is its place among all groups.</summary>
    /// <remarks>Memory: one entry a gateway.</remarks>
    public static async IAsyncEnumerable<(GatewayId Gateway, JournalEntry Entry)> InOrderAsync(ImmutableArray<JournalChain> chains, ulong after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var heads = new PriorityQueue<(GatewayId Gateway, IAsyncEnumerator<JournalEntry> Entries), ulong>();
        try
        {
            foreach (var chain in chains) await EnqueueAsync(chain.Gateway, chain.ReadAsync(after, cancellationToken).GetAsyncEnumerator(cancellationToken));
            while (heads.TryDequeue(out var next, out _))
            {
                yield return (next.Gateway, next.Entries.Current);
                await EnqueueAsync(next.Gateway, next.Entries);
            }
        }
        finally
        {
            foreach (var (head, _) in heads.UnorderedItems) await head.Entries.DisposeAsync();
        }

        async ValueTask EnqueueAsync(GatewayId gateway, IAsyncEnumerator<JournalEntry> entries)
        {
            if (await entries.MoveNextAsync()) heads.Enqueue((gateway, entries), entries.Current.LastGeneration);
            else await entries.DisposeAsync();
        }
    }
}
