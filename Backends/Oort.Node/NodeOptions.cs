using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Oort.Backends.Local;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Settings of a storage node. What is not given lets it use the machine as if it were its own.</summary>
public sealed record NodeOptions
{
    /// <summary>Where key, state and store lie (docs/formats/node-files.md). Made at the first start.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where it listens. Port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Any, 9100);

    /// <summary>Gateway clusters that may use it, beside those it has been told of before.</summary>
    public ImmutableArray<NodeId> Gateways { get; init; } = [];

    /// <summary>The most bytes that its store may take on the disk: at least <see cref="SpaceBytesMin"/>, or 0 for all there is. Null: what was said at an earlier start; so with each of the owner's caps.</summary>
    public long? SpaceBytes { get; init; }

    /// <summary>Bytes a second, both ways together: at least <see cref="BandwidthMin"/>, or 0 for no cap. Null: as before.</summary>
    public long? BandwidthBytesPerSecond { get; init; }

    /// <summary>Hours of the day in which it takes writes; <see cref="DailyHours.All"/>: at all hours. Null: as before. What it has can be read and deleted at all hours.</summary>
    public DailyHours? Hours { get; init; }

    /// <summary>Work at the machine's lowest I/O and CPU priority (Linux). Null: as before.</summary>
    public bool? IdlePriority { get; init; }

    /// <summary>The most bytes of bodies that are in memory at a time; beyond that it answers "later". Default 192 MiB, at least <see cref="BodyBytesMin"/>: the longest append must fit.</summary>
    public long BodyBytesMax { get; init; } = 192L << 20;

    /// <summary>A body that does not move for so long is cut off. Default 30 seconds.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>An upload that nobody touches for so long is given up. Default 10 minutes.</summary>
    public TimeSpan UploadIdleMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Bytes a second that the scrub reads, behind everything else; 0: it does not scrub. Null: as before, at first 8 MiB: a TiB in a day and a half.</summary>
    public long? ScrubBytesPerSecond { get; init; }

    /// <summary>Pause between two scrubs of everything. Null: as before, at first 12 hours.</summary>
    public TimeSpan? ScrubPause { get; init; }

    /// <summary>How long requests under way may take to end when the node stops. Default 20 seconds.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>What is logged, to standard error. Default: warnings.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>The volume store's own settings.</summary>
    public LocalStoreOptions Store { get; init; } = new();

    /// <summary>Opens the disk that its store is on, by the path of the folder.</summary>
    internal Func<string, IDisk> OpenDisk { get; init; } = static path => new PosixDisk(path);

    /// <summary>Stands before every request, with what would handle it: a test has a node there that does not do what it should. Null: nothing.</summary>
    internal Func<HttpContext, RequestDelegate, Task>? Intercept { get; init; }

    /// <summary>Fills what must be told from everything else.</summary>
    internal Action<Span<byte>> Random { get; init; } = RandomNumberGenerator.Fill;

    /// <summary>Less space than this is not worth a node: a volume is 1 GiB.</summary>
    public const long SpaceBytesMin = 2L << 30;

    /// <summary>Below this a cell would not arrive before its reader has gone elsewhere.</summary>
    public const long BandwidthMin = 128L << 10;

    /// <summary>The longest append and a little of everything else.</summary>
    public const long BodyBytesMin = 80L << 20;

    /// <exception cref="NodeStartException">A value is out of its bounds; the message names it.</exception>
    internal void Validate()
    {
        if (SpaceBytes is < SpaceBytesMin and not 0) throw new NodeStartException($"The space for the node must be at least {SpaceBytesMin >> 30} GiB.");
        if (BandwidthBytesPerSecond is < BandwidthMin and not 0) throw new NodeStartException($"The bandwidth for the node must be at least {BandwidthMin >> 10} KiB a second.");
        if (ScrubBytesPerSecond < 0) throw new NodeStartException("The scrub's rate must be a number of bytes a second, or 0 for none.");
        if (BodyBytesMax < BodyBytesMin) throw new NodeStartException($"The memory for bodies must be at least {BodyBytesMin >> 20} MiB.");
        if (StallTimeout <= TimeSpan.Zero || UploadIdleMax <= TimeSpan.Zero || ScrubPause <= TimeSpan.Zero || ShutdownTimeout < TimeSpan.Zero) throw new NodeStartException("Times must be positive.");
    }
}

/// <summary>A node cannot start as it is told to; the message is one sentence with the way out.</summary>
public sealed class NodeStartException(string message, Exception? inner = null) : Exception(message, inner);
