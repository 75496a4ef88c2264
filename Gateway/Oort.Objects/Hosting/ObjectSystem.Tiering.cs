using Oort.Objects.Tiering;

namespace Oort.Objects;

/// <content>Versions that move between storage classes and places.</content>
public sealed partial class ObjectSystem
{
    private readonly TierBook tiers;
    private readonly RestoreRound restores;
    private readonly TieringRound tiering;

    public ITiering Tiering => tiering;

    /// <summary>Makes the passes that are due and restores what waits, for tests that step it.</summary>
    internal async Task StepTieringAsync(CancellationToken cancellationToken = default)
    {
        await tiering.RunAsync(cancellationToken);
        await restores.RunAsync(cancellationToken);
    }

    private void StartTiering()
    {
        workers.Every("Moves between storage classes", tiering.LookInterval, tiering.LookInterval, stop => RunAloneAsync("tiering", tiering.RunAsync, stop));
        workers.Every("Restores from archives", TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(250), restores.RunAsync);
    }
}
