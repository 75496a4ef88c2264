using System.Net;
using System.Text;
using System.Text.Json;

namespace Oort.Evm.Tests.Rpc;

/// <summary>A node that answers what a test says, with the request's id where the answer has $ID.</summary>
internal sealed class FakeNode(Func<JsonElement, HttpResponseMessage> answer) : HttpMessageHandler
{
    private readonly List<string> requests = [];

    public FakeNode(string answer, HttpStatusCode status = HttpStatusCode.OK)
        : this(_ => new(status) { Content = new StringContent(answer) })
    {
    }

    public IReadOnlyList<string> Requests => requests;

    public string? Authorization { get; private set; }

    public static FakeNode WithResult(string result) => new($$"""{"jsonrpc":"2.0","id":$ID,"result":{{result}}}""");

    public static FakeNode WithError(string error) => new($$"""{"jsonrpc":"2.0","id":$ID,"error":{{error}}}""");

    public EvmClient Client(TimeProvider? time = null, int answerSizeMax = 8 << 20) =>
        new(new HttpClient(this), new EvmClientOptions { Endpoint = new Uri("https://node.example/v3/s3cr3t"), Authorization = "Bearer t0k3n", AnswerSizeMax = answerSizeMax }, time ?? TimeProvider.System);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var text = await request.Content!.ReadAsStringAsync(cancellationToken);
        requests.Add(text);
        Authorization = request.Headers.TryGetValues("Authorization", out var values) ? values.Single() : null;
        var document = JsonDocument.Parse(text).RootElement;
        var response = answer(document);
        if (response.Content is StringContent content)
        {
            var body = (await content.ReadAsStringAsync(cancellationToken)).Replace("$ID", document.GetProperty("id").GetRawText(), StringComparison.Ordinal);
            response.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        return response;
    }
}
