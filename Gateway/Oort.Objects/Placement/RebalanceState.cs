using Oort.Backends;

namespace Oort.Objects.Placement;

/// <summary>What rebalancing remembers over a restart (docs/formats/rebalance.md).</summary>
/// <param name="IsPaused">An operator has stopped it.</param>
/// <param name="Cursor">The last segment that the pass under way has looked at; default: no pass is under way.</param>
internal readonly record struct RebalanceState(bool IsPaused, SegmentId Cursor)
{
    /// <summary>Name of the setting that holds it.</summary>
    public const string SettingName = "rebalance";

    public const byte Version = 1;

    public const int Size = CursorOffset + CursorSize;

    private const int PausedOffset = 1;
    private const int CursorOffset = 2;
    private const int CursorSize = SegmentId.Size;

    public byte[] Encode()
    {
        var bytes = new byte[Size];
        bytes[0] = Version;
        bytes[PausedOffset] = IsPaused ? (byte)1 : (byte)0;
        Cursor.Write(bytes.AsSpan(CursorOffset));
        return bytes;
    }

    /// <summary>Reads it; null when it cannot be read, and a pass then begins at the first segment.</summary>
    public static RebalanceState? Decode(ReadOnlySpan<byte> setting) =>
        setting.Length == Size && setting[0] == Version && setting[PausedOffset] <= 1 ? new(setting[PausedOffset] == 1, SegmentId.Read(setting[CursorOffset..])) : null;
}
