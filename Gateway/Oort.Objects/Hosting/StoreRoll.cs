using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Matches the stores that the database knows with what was found at the configured places. Pure but for the log.</summary>
internal static class StoreRoll
{
    /// <summary>Finds each known store's place: where its identity is, or else where it was.</summary>
    /// <returns>Every row that is not Removed, with its place or null; and the rows whose location changed.</returns>
    public static (ImmutableArray<(StoreRow Row, OpenedStore? Place)> Known, ImmutableArray<StoreRow> Changes) Call(IReadOnlyList<StoreRow> rows, ImmutableArray<OpenedStore> opened, ILogger logger)
    {
        var known = ImmutableArray.CreateBuilder<(StoreRow, OpenedStore?)>();
        var changes = ImmutableArray.CreateBuilder<StoreRow>();
        foreach (var row in rows)
        {
            var place = opened.FirstOrDefault(one => one.Found?.Id == row.Id);
            if (row.State == StoreState.Removed)
            {
                if (place is not null) logger.LogWarning("{Location} holds store {Id}, which was removed from this cluster; it is not used.", place.Endpoint.Location, row.Id);
                continue;
            }

            if (place is null)
            {
                place = opened.FirstOrDefault(one => one.Found is null && one.Endpoint.Location == row.Location);
            }
            else if (place.Endpoint.Location != row.Location)
            {
                logger.LogInformation("Store {Id} is now at {Location}; it was at {Before}.", row.Id, place.Endpoint.Location, row.Location);
                changes.Add(row with { Location = place.Endpoint.Location });
            }

            known.Add((row, place));
        }

        return (known.ToImmutable(), changes.ToImmutable());
    }

    /// <summary>Places that join as new stores: of this cluster but without a row (the addition broke off), or blank and never heard of.</summary>
    /// <remarks>A blank place joins only when no known store is missing. Otherwise it may be where the missing one should be mounted, or what shall replace it; that the operator says.</remarks>
    public static ImmutableArray<OpenedStore> Joining(IReadOnlyList<StoreRow> rows, ImmutableArray<OpenedStore> opened, ILogger logger)
    {
        var missing = rows.Where(row => row.State != StoreState.Removed && opened.All(one => one.Found?.Id != row.Id)).ToList();
        var joining = ImmutableArray.CreateBuilder<OpenedStore>();
        foreach (var place in opened)
        {
            if (place.Store is not null && rows.All(row => row.Id != place.Store.Id))
            {
                joining.Add(place);
            }
            else if (place.IsBlank && rows.All(row => row.Location != place.Endpoint.Location))
            {
                if (missing.Count == 0) joining.Add(place);
                else logger.LogWarning("{Location} is blank and {Missing} is missing: it is not used until oort disk add or oort disk replace says what it is.", place.Endpoint.Location, missing[0].Location);
            }
        }

        return joining.ToImmutable();
    }
}
