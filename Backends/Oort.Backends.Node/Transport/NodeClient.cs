using System.Globalization;
using System.Text;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>Sends requests to one node, repeats what failed on the way, and says what went wrong in the words of a store.</summary>
internal sealed class NodeClient : IDisposable
{
    private readonly NodeAddress _address;
    private readonly NodeStoreOptions _options;
    private readonly HttpMessageInvoker _http;
    private readonly SemaphoreSlim _connections;
    private readonly CancellationTokenSource _closing = new();
    private readonly Uri _base;

    public NodeClient(NodeAddress address, NodeIdentity own, NodeStoreOptions options)
    {
        (_address, _options) = (address, options);
        _http = options.Transport is { } transport ? new(transport(address, own)) : NodeConnections.Create(address, own, options);
        _connections = new(options.ConnectionCountMax, options.ConnectionCountMax);
        _base = new Uri($"http://{address.HostAndPort}");
    }

    public NodeAddress Address => _address;

    /// <summary>The store that requests mean; null for those that mean none.</summary>
    public string? Store { get; set; }

    /// <summary>Sends a request and reads its answer.</summary>
    /// <param name="prepare">Completes a new request for each attempt.</param>
    /// <param name="read">Reads the answer to a request that was done; may be called again for the next attempt.</param>
    /// <exception cref="BackendException">What the node answered, or Transient when it could not be reached.</exception>
    public async Task<T> SendAsync<T>(HttpMethod method, string path, Action<HttpRequestMessage, StallGuard>? prepare, Func<NodeResponse, ValueTask<T>> read, CancellationToken cancellationToken)
    {
        var reply = await TrySendAsync(method, path, prepare, read, cancellationToken);
        return reply.Failure is { } failure ? throw failure.ToException(_address.HostAndPort) : reply.Value!;
    }

    /// <summary>As above; what the node refuses is a value.</summary>
    public async Task<NodeReply<T>> TrySendAsync<T>(HttpMethod method, string path, Action<HttpRequestMessage, StallGuard>? prepare, Func<NodeResponse, ValueTask<T>> read, CancellationToken cancellationToken)
    {
        using var closing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        try
        {
            return await RepeatAsync(method, path, prepare, read, closing.Token);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new BackendException(BackendErrorKind.Permanent, $"{_address.HostAndPort}: the store is closed.");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>Ends all that is under way.</summary>
    public Task CancelAsync() => _closing.CancelAsync();

    public void Dispose()
    {
        _http.Dispose();
        _connections.Dispose();
        _closing.Dispose();
    }

    private async Task<NodeReply<T>> RepeatAsync<T>(HttpMethod method, string path, Action<HttpRequestMessage, StallGuard>? prepare, Func<NodeResponse, ValueTask<T>> read, CancellationToken cancellationToken)
    {
        await _connections.WaitAsync(cancellationToken);
        try
        {
            var delay = _options.RetryDelay;
            for (var attempt = 1; ; attempt++, delay *= 4)
            {
                var isLast = attempt > _options.RetryCountMax;
                try
                {
                    var reply = await SendOnceAsync(method, path, prepare, read, attempt, cancellationToken);
                    if (isLast || reply.Failure is not { Code: NodeErrorCode.Throttled or NodeErrorCode.BadBody } failure) return reply;
                    if (failure.RetryAfter is { } after) delay = after < _options.RetryAfterMax ? after : _options.RetryAfterMax;
                }
                catch (BackendException e) when (e.Kind == BackendErrorKind.Transient && !isLast)
                {
                    // Broken or stalled on the way: once more.
                }

                await Task.Delay(delay, _options.TimeProvider, cancellationToken);
            }
        }
        finally
        {
            _connections.Release();
        }
    }

    private async Task<NodeReply<T>> SendOnceAsync<T>(HttpMethod method, string path, Action<HttpRequestMessage, StallGuard>? prepare, Func<NodeResponse, ValueTask<T>> read, int attempt, CancellationToken cancellationToken)
    {
        using var guard = new StallGuard(_options.StallTimeout, _options.TimeProvider, cancellationToken);
        using var request = new HttpRequestMessage(method, new Uri(_base, path));
        if (Store is { } store) request.Headers.Add(NodeHeaders.Store, store);
        prepare?.Invoke(request, guard);
        try
        {
            using var message = await _http.SendAsync(request, guard.Token);
            guard.Moved();
            using var response = new NodeResponse(message, guard, _address.HostAndPort);
            return message.IsSuccessStatusCode ? new(await read(response), null, attempt) : new(default, await ReadFailureAsync(response, message), attempt);
        }
        catch (OperationCanceledException) when (guard.IsStalled && !cancellationToken.IsCancellationRequested)
        {
            throw new BackendException(BackendErrorKind.Transient, $"{_address.HostAndPort}: nothing moved for {_options.StallTimeout.TotalSeconds:0.#} s.");
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BackendException(BackendErrorKind.Transient, $"{_address.HostAndPort} could not be reached within {_options.ConnectTimeout.TotalSeconds:0.#} s.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // A peer that is not the node shows as the reason for which there was no connection.
            for (var inner = e.InnerException; inner is not null; inner = inner.InnerException)
            {
                if (inner is BackendException known) throw new BackendException(known.Kind, known.Message, e);
            }

            throw new BackendException(BackendErrorKind.Transient, $"{_address.HostAndPort}: {e.GetBaseException().Message}", e);
        }
    }

    private static async ValueTask<NodeFailure> ReadFailureAsync(NodeResponse response, HttpResponseMessage message)
    {
        // An answer without a name is not of this protocol: something between, or a failure of the server below it.
        var isNamed = NodeErrors.TryParse(response.Header(NodeHeaders.Error), out var code);
        var bytes = message.Content.Headers.ContentLength is > 0 and <= NodeLimits.ErrorTextSizeMax ? await response.ReadAllAsync(NodeLimits.ErrorTextSizeMax) : [];
        var text = isNamed && bytes.Length > 0 ? Encoding.UTF8.GetString(bytes) : string.Create(CultureInfo.InvariantCulture, $"It answered {(int)message.StatusCode} {response.Header(NodeHeaders.Error)}.");
        return new(isNamed ? code : NodeErrorCode.Transient, text, response.Header(NodeHeaders.State), response.TryNumber(NodeHeaders.Length), message.Headers.RetryAfter?.Delta);
    }
}
