using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>What those who serve clients need of those who move versions between storage classes and bring them back from archives.</summary>
/// <remarks>Thread-safe.</remarks>
public interface ITiering
{
    TieringOptions Options { get; }

    /// <summary>A restore was asked for, and the version's row says so durably (<see cref="RestoreState"/>): whoever restores should look soon. A hint: what is not told here is found by itself later.</summary>
    void RestoreRequested(VersionRow version);
}

/// <summary>Where nobody moves versions: what is asked for waits in its rows.</summary>
public sealed class IdleTiering(TieringOptions options) : ITiering
{
    public TieringOptions Options { get; } = options;

    public void RestoreRequested(VersionRow version)
    {
    }
}
