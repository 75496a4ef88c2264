using System.Net;
using System.Net.Http.Headers;

namespace Oort.Backends.Icp.Tests.Support;

/// <summary>Fills the slot in tests: puts items into the stub, as something that speaks to a canister would have to. It is no protocol of anybody's.</summary>
internal sealed class PeerWriter(Uri peer, TimeProvider time) : ICanisterWriter
{
    private readonly HttpClient http = new() { Timeout = Timeout.InfiniteTimeSpan };

    public async ValueTask WriteAsync(CanisterId canister, string path, IItemSource source, ReadOnlyMemory<byte> sha256, CancellationToken cancellationToken)
    {
        var bytes = new byte[source.Length];
        for (var offset = 0; offset < bytes.Length;) offset += await source.ReadAsync(offset, bytes.AsMemory(offset), cancellationToken);
        await SendAsync(HttpMethod.Put, $"{canister}{path}", bytes, Convert.ToHexStringLower(sha256.Span), cancellationToken);
    }

    public ValueTask DeleteAsync(CanisterId canister, string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Delete, $"{canister}{path}", [], "", cancellationToken);

    public ValueTask<NetworkAccount?> GetAccountAsync(CanisterId canister, CancellationToken cancellationToken) => ValueTask.FromResult<NetworkAccount?>(new(3, "cycles", null));

    public ValueTask TestAsync(CanisterId canister, CancellationToken cancellationToken) => SendAsync(HttpMethod.Post, $"{canister}/test", [], "", cancellationToken);

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask SendAsync(HttpMethod method, string path, byte[] body, string hash, CancellationToken cancellationToken)
    {
        using var stall = new CancellationTokenSource(TimeSpan.FromMinutes(1), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stall.Token);
        HttpStatusCode status;
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(peer, path)) { Content = new ByteArrayContent(body) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", CanisterPeer.Token);
            request.Headers.Add("X-Sha256", hash);
            using var response = await http.SendAsync(request, either.Token);
            status = response.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new BackendException(BackendErrorKind.Transient, "The canister did not answer.", e);
        }

        if ((int)status is >= 200 and < 300) return;
        throw new BackendException(status switch
        {
            HttpStatusCode.Unauthorized => BackendErrorKind.Unauthorized,
            HttpStatusCode.PaymentRequired => BackendErrorKind.Funds,
            HttpStatusCode.InsufficientStorage => BackendErrorKind.Full,
            HttpStatusCode.TooManyRequests => BackendErrorKind.Throttled,
            _ => BackendErrorKind.Transient,
        }, $"The canister answered {(int)status}.");
    }
}
