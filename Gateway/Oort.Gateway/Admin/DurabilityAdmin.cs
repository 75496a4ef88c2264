using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Oort.Objects;
using Oort.Objects.Durability;
using Oort.Objects.Placement;

namespace Oort.Gateway;

/// <summary>Body of <c>POST durability</c>; what is left out is assumed as by default.</summary>
/// <param name="AnnualLoss">Losses a year by kind of store, or by "domain:operator" and the like; 0.2 is 20 %.</param>
/// <param name="WindowHours">From a loss to the end of its repair.</param>
public sealed record DurabilityRequest(ImmutableSortedDictionary<string, double>? AnnualLoss, double? WindowHours);

/// <summary>Body of <c>POST durability/what-if</c>.</summary>
/// <param name="Lose">A store's id or location, or "operator:NAME" and the like.</param>
/// <param name="Objects">Also looks at every version.</param>
public sealed record WhatIfRequest(string? Lose, bool Objects = false);

/// <summary>A line of <c>POST durability</c>.</summary>
public sealed record PolicyDurabilityModel(string Policy, string Geometry, long Segments, long PayloadBytes, int HealthyMin, double AnnualLoss, double Nines, double WorstAnnualLoss, double WorstNines, string WorstSegment);

/// <summary>Result of the job of <c>POST durability</c>.</summary>
public sealed record DurabilityModel(ImmutableArray<PolicyDurabilityModel> Policies, double ExpectedLostSegments, ImmutableArray<string> Assumptions);

/// <summary>The part of the admin API about durability.</summary>
internal sealed class DurabilityAdmin(IObjectSystem system, AdminJobs jobs)
{
    private const string DomainPrefix = "domain:";

    public AdminJob Survey(DurabilityRequest request)
    {
        var assumptions = new DurabilityAssumptions { Window = request.WindowHours is { } hours ? Hours(hours) : null };
        foreach (var (name, rate) in request.AnnualLoss ?? ImmutableSortedDictionary<string, double>.Empty)
        {
            if (!name.StartsWith(DomainPrefix, StringComparison.Ordinal)) assumptions = assumptions with { AnnualLossByKind = assumptions.AnnualLossByKind.SetItem(name, rate) };
            else if (Enum.TryParse<DomainKind>(name[DomainPrefix.Length..], ignoreCase: true, out var kind) && Enum.IsDefined(kind)) assumptions = assumptions with { AnnualLossByDomain = assumptions.AnnualLossByDomain.SetItem(kind, rate) };
            else throw Bad($"There is no kind of domain {name[DomainPrefix.Length..]}.");
        }

        try
        {
            assumptions = assumptions.Checked();
        }
        catch (ArgumentException e)
        {
            throw Bad(e.Message);
        }

        return jobs.Start("durability", async (report, stop) => Model(await system.SurveyDurabilityAsync(assumptions, (done, total) => report(done, total), stop)));
    }

    public AdminJob WhatIf(WhatIfRequest request)
    {
        if (request.Lose is not { } text || !DomainName.TryParse(text, out var lost)) throw Bad("\"lose\" must name a store, or a domain such as operator:NAME.");
        if (!system.Stores.Describe().Any(store => lost.Value.Has(store.Id, store.Location, store.Traits))) throw Bad($"No store is {lost}, or in it; `oort placement stores` shows their ids, locations and domains.");
        // The name is part of the kind: two different questions do not wait for each other.
        return jobs.Start(string.Create(CultureInfo.InvariantCulture, $"what-if {lost} {request.Objects}"), async (report, stop) => await system.AskWhatIfAsync(lost.Value, request.Objects, (done, total) => report(done, total), stop));
    }

    private static DurabilityModel Model(DurabilityReport report) => new(
        [.. report.Policies.Select(one => new PolicyDurabilityModel(one.Policy, one.Geometry.ToString(), one.Segments, one.PayloadBytes, one.HealthyMin, one.AnnualLoss, one.Nines, one.WorstAnnualLoss, one.WorstNines, one.WorstSegment))],
        report.ExpectedLostSegments,
        report.Assumptions);

    private static TimeSpan Hours(double hours) => hours is > 0 and < 24 * 3650 ? TimeSpan.FromHours(hours) : throw Bad("\"windowHours\" must be a number above 0, and less than ten years.");

    private static AdminRequestException Bad(string message) => new(StatusCodes.Status400BadRequest, "InvalidArgument", message);
}
