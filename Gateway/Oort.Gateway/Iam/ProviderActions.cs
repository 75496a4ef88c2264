using System.Collections.Immutable;
using Oort.Access;
using Oort.Identity.Model;
using Oort.Identity.Store;
using Oort.S3;
using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>Providers of OpenID Connect whose tokens are taken.</summary>
internal static class ProviderActions
{
    private const int UrlLengthMax = 255;
    private const int ClientIdLengthMax = 255;
    private const int ThumbprintLength = 40;

    public static async ValueTask<IEnumerable<object?>?> CreateAsync(IamCall call)
    {
        var url = call.Form.Required("Url");
        if (url.Length > UrlLengthMax || !Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("https" or "http") || parsed.Query.Length > 0 || parsed.Fragment.Length > 0 || parsed.UserInfo.Length > 0)
            throw new S3Exception(QueryErrors.InvalidInput, "Url is that of an issuer: https, without a query, of at most 255 characters.");
        var name = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var (clients, thumbprints) = (Clients([.. call.Form.List("ClientIDList")]), Thumbprints(call));
        var tags = call.Tags(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));
        var made = await call.ChangeAsync((change, state) =>
        {
            if (state.FindProvider(name) is not null) throw IamCall.Exists("Provider", url);
            if (state.Providers.Count >= IamLimits.ProvidersMax) throw new S3Exception(QueryErrors.LimitExceeded, $"An account has at most {IamLimits.ProvidersMax} providers.");
            var provider = new OidcProvider(call.Account, Names.NewId("AOID"), "/", name, call.Now) { Url = url, ClientIds = clients, Thumbprints = thumbprints, Tags = tags };
            change.Put(provider);
            return provider;
        });
        return [X("OpenIDConnectProviderArn", made.Arn), made.Tags.IsEmpty ? null : Tags(made.Tags)];
    }

    public static ValueTask<IEnumerable<object?>?> GetAsync(IamCall call)
    {
        var provider = Find(call, call.State);
        return new([X("Url", provider.Url), Texts("ClientIDList", provider.ClientIds), Texts("ThumbprintList", provider.Thumbprints), X("CreateDate", Time(provider.Created)), provider.Tags.IsEmpty ? null : Tags(provider.Tags)]);
    }

    public static ValueTask<IEnumerable<object?>?> ListAsync(IamCall call) => new([List("OpenIDConnectProviderList", call.State.Providers.Values.Select(provider => X("member", X("Arn", provider.Arn))))]);

    public static ValueTask<IEnumerable<object?>?> DeleteAsync(IamCall call) => ChangeAsync(call, (change, provider) => change.Remove(provider));

    public static ValueTask<IEnumerable<object?>?> AddClientAsync(IamCall call)
    {
        var client = call.Form.Required("ClientID");
        return ChangeAsync(call, (change, provider) => change.Put(provider.ClientIds.Contains(client) ? provider : provider with { ClientIds = Clients(provider.ClientIds.Add(client)) }));
    }

    public static ValueTask<IEnumerable<object?>?> RemoveClientAsync(IamCall call)
    {
        var client = call.Form.Required("ClientID");
        return ChangeAsync(call, (change, provider) => change.Put(provider with { ClientIds = provider.ClientIds.Remove(client) }));
    }

    public static ValueTask<IEnumerable<object?>?> UpdateThumbprintsAsync(IamCall call)
    {
        var thumbprints = Thumbprints(call);
        return ChangeAsync(call, (change, provider) => change.Put(provider with { Thumbprints = thumbprints }));
    }

    private static async ValueTask<IEnumerable<object?>?> ChangeAsync(IamCall call, Action<IdentityChange, OidcProvider> change)
    {
        await call.ChangeAsync((made, state) => change(made, Find(call, state)));
        return null;
    }

    private static OidcProvider Find(IamCall call, AccountState state)
    {
        var text = call.Form.Required("OpenIDConnectProviderArn");
        return Arn.TryParse(text, out var arn) && arn.Resource.StartsWith("oidc-provider/", StringComparison.Ordinal) && state.FindProvider(arn.Resource["oidc-provider/".Length..]) is { } provider && provider.Arn == text
            ? provider
            : throw new S3Exception(QueryErrors.NoSuchEntity, $"OpenIDConnect Provider not found for arn {text}");
    }

    private static ImmutableArray<string> Clients(ImmutableArray<string> clients)
    {
        if (clients.Any(client => client.Length is 0 or > ClientIdLengthMax)) throw IamCall.Invalid($"A client id has 1 to {ClientIdLengthMax} characters.");
        return clients.Length <= IamLimits.ClientIdsMax ? clients : throw new S3Exception(QueryErrors.LimitExceeded, $"A provider has at most {IamLimits.ClientIdsMax} client ids.");
    }

    private static ImmutableArray<string> Thumbprints(IamCall call)
    {
        ImmutableArray<string> thumbprints = [.. call.Form.List("ThumbprintList")];
        if (thumbprints.Any(one => one.Length != ThumbprintLength)) throw new S3Exception(QueryErrors.InvalidInput, $"A thumbprint has {ThumbprintLength} characters.");
        return thumbprints.Length <= IamLimits.ThumbprintsMax ? thumbprints : throw new S3Exception(QueryErrors.LimitExceeded, $"A provider has at most {IamLimits.ThumbprintsMax} thumbprints.");
    }
}
