using System.ComponentModel.DataAnnotations;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>Settings of a <see cref="NodeStore"/>. The defaults suit a node anywhere.</summary>
public sealed record NodeStoreOptions
{
    /// <summary>What fails together with this node; null: the node alone.</summary>
    public string? FailureDomain { get; init; }

    /// <summary>Whose the node is and where, as it has declared; null: nothing is known but that it is a machine of its own.</summary>
    public StoreTraits? Traits { get; init; }

    /// <summary>How long a connection may take to be made, its handshake included. Default 10 seconds: three round trips at their worst.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A request of which no byte moves for so long has failed. Default 30 seconds; there is no limit on the whole, since thin uplinks are slow and alive.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a request is repeated after its connection broke, it stalled, or the node had no room. Default 2. All requests can be repeated.</summary>
    [Range(0, 10)]
    public int RetryCountMax { get; init; } = 2;

    /// <summary>The first pause before a repetition; each further one is four times as long. Default 100 ms. A node that says when to come back is believed, up to <see cref="RetryAfterMax"/>.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause that a node can ask for. Default 5 seconds: who waits has other nodes to go to.</summary>
    public TimeSpan RetryAfterMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Connections to the node at a time; requests beyond wait for one. Default 64: each carries one request, and a round trip of 50 ms with cells of 64 KiB then still fills 80 MiB/s.</summary>
    [Range(1, 512)]
    public int ConnectionCountMax { get; init; } = 64;

    /// <summary>Puts of small shards under way at a time; those that come meanwhile go together in the next. Default 4, so that a round trip is never idle and a crowd still shares requests.</summary>
    [Range(1, 64)]
    public int SmallPutCountMax { get; init; } = 4;

    /// <summary>Clock for pauses and stalls.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The way to a node; null: connections of this machine. A simulation has a network of its own.</summary>
    internal Func<NodeAddress, NodeIdentity, HttpMessageHandler>? Transport { get; init; }

    /// <exception cref="ValidationException">A value is out of its range; the message names it.</exception>
    internal void Validate()
    {
        Validator.ValidateObject(this, new ValidationContext(this), validateAllProperties: true);
        if (ConnectTimeout <= TimeSpan.Zero || StallTimeout <= TimeSpan.Zero || RetryDelay < TimeSpan.Zero || RetryAfterMax < TimeSpan.Zero)
            throw new ValidationException("Times must be positive.");
    }
}
