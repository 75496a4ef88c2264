using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Costs;

namespace Oort.Gateway;

/// <summary>Body of <c>POST quote</c>.</summary>
/// <param name="Bytes">Plaintext of all objects together.</param>
/// <param name="Bucket">Only the policies that its objects come under; null: all.</param>
/// <param name="Together">Objects that are written at the same time; null: one.</param>
public sealed record QuoteRequest(long Bytes, long Objects, double Months, string? Bucket = null, int? Together = null);

/// <summary>Body of <c>PUT budgets</c>.</summary>
/// <param name="Network">On this network; null: on all.</param>
/// <param name="Bucket">For this bucket; null: for all. Not both.</param>
/// <param name="Dollars">A month; null: no limit any more.</param>
/// <param name="Emergency">How many times as much where data are at risk; null: as before.</param>
public sealed record BudgetRequest(string? Network = null, string? Bucket = null, double? Dollars = null, double? Emergency = null);

/// <summary>The part of the admin API about money. Its answers have names_like_this.</summary>
internal sealed class CostAdmin(IObjectSystem system)
{
    private static readonly JsonSerializerOptions snakeCase = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) } };

    public async ValueTask<JsonNode> QuoteAsync(QuoteRequest request, CancellationToken cancellationToken)
    {
        BucketId? bucket = request.Bucket is { } name
            ? (await system.Metadata.FindBucketAsync(name, cancellationToken) ?? throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", $"There is no bucket {name}.")).Id
            : null;
        try
        {
            return Node(await system.QuoteAsync(new(request.Bytes, request.Objects, request.Months) { Together = request.Together ?? 1 }, bucket, cancellationToken));
        }
        catch (ArgumentException e)
        {
            throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", e.Message);
        }
    }

    /// <summary>What is on networks now, and what was spent in a month.</summary>
    /// <param name="month">"2026-10"; null: this one.</param>
    public async ValueTask<JsonNode> ShowAsync(string? month, CancellationToken cancellationToken)
    {
        DateOnly? wanted = month is null ? null
            : DateOnly.TryParseExact(month, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var found) ? found
            : throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", $"\"{month}\" is no month such as 2026-10.");
        return Node(await system.GetCostsAsync(wanted, cancellationToken));
    }

    /// <summary>Counts what was spent up to now.</summary>
    public async ValueTask<JsonNode> CountAsync(CancellationToken cancellationToken)
    {
        await system.CountCostsAsync(cancellationToken);
        return await ShowAsync(null, cancellationToken);
    }

    public JsonNode Budgets() => Node(new { system.GetStatus().Spending.Budgets });

    public async ValueTask<JsonNode> SetBudgetAsync(BudgetRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await system.SetBudgetAsync(request.Network, request.Bucket, request.Dollars, request.Emergency, cancellationToken);
            return Budgets();
        }
        catch (ArgumentException e)
        {
            throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", e.Message);
        }
    }

    private static JsonNode Node<T>(T answer) => JsonSerializer.SerializeToNode(answer, snakeCase)!;
}
