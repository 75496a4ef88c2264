using System.Text.Json;
using System.Text.Json.Nodes;
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

/// <summary>The part of the admin API about money. Its answers have names_like_this.</summary>
internal sealed class CostAdmin(IObjectSystem system)
{
    private static readonly JsonSerializerOptions snakeCase = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

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

    private static JsonNode Node<T>(T answer) => JsonSerializer.SerializeToNode(answer, snakeCase)!;
}
