using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Oort.Identity.Model;
using Oort.Identity.Sessions;
using Oort.Identity.Wallets;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Iam;

/// <summary>Signs in whoever has the key of an Ethereum address: <c>GET /_oort/sign-in/v1/nonce</c>, then <c>POST /_oort/sign-in/v1/wallet</c> (docs/sign-in.md). Thread-safe.</summary>
/// <param name="site">For what messages must have been made; null: the gateway does not know under which URL it is reached.</param>
internal sealed class WalletSignIn(StsApi sts, WalletNonces nonces, WalletVerifier verifier, WalletSite? site, ISecretSeal seal, TimeProvider time)
{
    public const string BasePath = "/_oort/sign-in/v1/";

    private const int BodySizeMax = 32 * 1024;
    private const string Unknown = "The gateway does not know under which URL it is reached, so that a signature could have been meant for another; start it with --public-url.";

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>How it is served; nobody signs such requests with keys.</summary>
    public QueryService Service => new([], HandleAsync, (xml, problem, id) => QueryAnswer.WriteError(xml, problem, id, S3XmlWriter.Namespace));

    /// <summary>The site of a gateway; null when no URL can be known for sure.</summary>
    public static WalletSite? SiteOf(GatewayOptions options, Uri endpoint)
    {
        var isAnywhere = options.Listen.Address.Equals(System.Net.IPAddress.Any) || options.Listen.Address.Equals(System.Net.IPAddress.IPv6Any);
        var url = options.PublicUrl ?? (isAnywhere ? null : endpoint);
        return url is null ? null : new(url.Authority, url, options.WalletChains);
    }

    private async ValueTask HandleAsync(S3Request request, CancellationToken cancellationToken)
    {
        try
        {
            var (method, path) = (request.Http.Request.Method, request.Http.Request.Path.Value![BasePath.Length..]);
            object answer = (method, path) switch
            {
                ("GET", "nonce") => NewNonce(),
                ("POST", "wallet") => await SignInAsync(request, cancellationToken),
                _ => throw new S3Exception(S3Errors.MethodNotAllowed),
            };
            await AdminApi.WriteAsync(request.Http, StatusCodes.Status200OK, answer, cancellationToken);
        }
        catch (S3Exception problem)
        {
            await AdminApi.WriteAsync(request.Http, problem.Error.Status, new { code = problem.Error.Code, message = problem.Message }, cancellationToken);
        }
        catch (MetadataUnavailableException)
        {
            await AdminApi.WriteAsync(request.Http, StatusCodes.Status503ServiceUnavailable, new { code = QueryErrors.Throttling.Code, message = QueryErrors.Throttling.Message }, cancellationToken);
        }
    }

    private object NewNonce()
    {
        var here = site ?? throw new S3Exception(S3Errors.InvalidRequest, Unknown);
        var now = time.GetUtcNow();
        return new { nonce = nonces.Create(), domain = here.Domain, uri = here.Uri.ToString(), chainIds = here.ChainIds, issuedAt = QueryAnswer.Time(now), expirationTime = QueryAnswer.Time(now + WalletNonces.Lifetime) };
    }

    private async ValueTask<object> SignInAsync(S3Request request, CancellationToken cancellationToken)
    {
        var here = site ?? throw new S3Exception(S3Errors.InvalidRequest, Unknown);
        var asked = Parse(await S3Documents.ReadBodyAsync(request, BodySizeMax, cancellationToken));
        var answer = await verifier.VerifyAsync(asked.Message, asked.Signature, here, cancellationToken);
        // Which half was wrong helps whoever signs to mend it, and tells a stranger nothing that he has not sent himself.
        if (answer.Address is not { } address) throw new S3Exception(answer.Error == WalletError.Busy ? S3Errors.SlowDown : QueryErrors.AccessDenied, Sentence(answer.Error));
        var text = "0x" + Convert.ToHexStringLower(address.Bytes);
        var form = new QueryForm
        {
            ["RoleArn"] = asked.RoleArn,
            ["RoleSessionName"] = text,
            ["DurationSeconds"] = asked.DurationSeconds?.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["Policy"] = asked.Policy,
        };
        var session = sts.AssumeRoleWithWallet(request, form, text, answer.Message!.ChainId);
        return new { address = address.ToString(), credentials = Show(session) };
    }

    private object Show(Session session) => new { accessKeyId = session.KeyId, secretAccessKey = session.Secret, sessionToken = session.ToToken(seal), expiration = session.Expires };

    private static SignInRequest Parse(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize<SignInRequest>(body, json) ?? throw new JsonException("It is null.");
        }
        catch (JsonException failure)
        {
            throw new S3Exception(S3Errors.InvalidRequest, $"The body is no sign-in, {{\"message\", \"signature\", \"roleArn\"}}: {failure.Message}");
        }
    }

    private static string Sentence(WalletError error) => error switch
    {
        WalletError.Malformed => "The message is none of EIP-4361.",
        WalletError.ForeignSite => "The message was made for another site.",
        WalletError.ForeignChain => "The message names a chain that is not taken here.",
        WalletError.NotYetValid => "The message is not valid yet.",
        WalletError.Expired => "The message or its nonce has expired.",
        WalletError.ForeignNonce => "The nonce is not of this gateway.",
        WalletError.Replayed => "The nonce was used before.",
        WalletError.Busy => "Too many sign in at once; try again in some minutes.",
        _ => "The signature is not that of the message's address.",
    };

    private sealed record SignInRequest(string Message, string Signature, string RoleArn, int? DurationSeconds = null, string? Policy = null);
}
