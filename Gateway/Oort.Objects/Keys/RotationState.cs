using System.Collections.Immutable;
using System.Text.Json;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>How far a rotation is: a setting, so that it goes on after a crash where it was. What it says may lag behind the rows, never run ahead of them.</summary>
internal sealed record RotationState
{
    private const string SettingName = "keys/rotation";

    /// <summary>The version under which all data keys shall be.</summary>
    public int Target { get; init; }

    /// <summary>Data ids up to this one have been looked at in this pass; null: none.</summary>
    public string? After { get; init; }

    public long Looked { get; init; }

    public long Rewrapped { get; init; }

    /// <summary>Keys of other versions met in this pass.</summary>
    public long Found { get; init; }

    /// <summary>Of these, those that could not be unwrapped.</summary>
    public long Stuck { get; init; }

    /// <summary>A whole pass has met no key of another version that could be wrapped anew.</summary>
    public bool IsDone { get; init; }

    /// <summary>Versions that shall be destroyed, and from when on.</summary>
    public ImmutableDictionary<int, DateTimeOffset> Destroy { get; init; } = ImmutableDictionary<int, DateTimeOffset>.Empty;

    /// <summary>The same with all data ids still to be looked at.</summary>
    public RotationState Again() => this with { IsDone = false, After = null, Looked = 0, Found = 0, Stuck = 0 };

    public static async ValueTask<RotationState> LoadAsync(IMetadataStore metadata, CancellationToken cancellationToken) =>
        await metadata.GetSettingAsync(SettingName, cancellationToken) is { } bytes ? JsonSerializer.Deserialize<RotationState>(bytes, JsonSerializerOptions.Web) ?? new() : new();

    public async ValueTask<RotationState> SaveAsync(IMetadataStore metadata, CancellationToken cancellationToken)
    {
        await metadata.PutSettingAsync(SettingName, JsonSerializer.SerializeToUtf8Bytes(this, JsonSerializerOptions.Web), cancellationToken);
        return this;
    }
}
