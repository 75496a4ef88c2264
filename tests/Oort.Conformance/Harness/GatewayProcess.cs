using Oort.Shared;

namespace Oort.Conformance.Harness;

/// <summary>A real <c>oort serve</c> on a free port of 127.0.0.1 and a temporary directory.</summary>
internal sealed class GatewayProcess : OortProcess
{
    public const string AccessKey = "OORTTESTACCESSKEY";
    public const string SecretKey = "oort-test-secret-key-0123456789";

    private const string AdminMarker = "Admin endpoint: ";
    private const string ReadyMarker = "S3 endpoint: ";

    private GatewayProcess(Started started, string data)
        : base(started)
    {
        Endpoint = started.Lines.First(IsReady)[ReadyMarker.Length..].Trim();
        AdminEndpoint = started.Lines.FirstOrDefault(line => line.StartsWith(AdminMarker, StringComparison.Ordinal))?[AdminMarker.Length..].Trim() ?? Endpoint;
        Data = data;
    }

    /// <summary>http://127.0.0.1:PORT</summary>
    public string Endpoint { get; }

    /// <summary>Where administration is served; the same unless it has an address of its own.</summary>
    public string AdminEndpoint { get; }

    public string Data { get; }

    /// <summary>Environment for outside clients: the credentials, and no profile of the machine's user.</summary>
    public IReadOnlyDictionary<string, string> ClientEnvironment(string home) => ClientEnvironment(Endpoint, home);

    public static IReadOnlyDictionary<string, string> ClientEnvironment(string endpoint, string home) => new Dictionary<string, string>
    {
        ["AWS_ACCESS_KEY_ID"] = AccessKey,
        ["AWS_SECRET_ACCESS_KEY"] = SecretKey,
        ["AWS_DEFAULT_REGION"] = "us-east-1",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
        ["AWS_CONFIG_FILE"] = Path.Combine(home, "aws-config"),
        ["AWS_SHARED_CREDENTIALS_FILE"] = Path.Combine(home, "aws-credentials"),
        ["OORT_ENDPOINT"] = endpoint,
        ["HOME"] = home,
    };

    /// <summary>Starts it and waits until it says that it serves.</summary>
    /// <param name="data">Data directory; kept when the process ends.</param>
    /// <param name="arguments">Further flags of <c>oort serve</c>.</param>
    public static Task<GatewayProcess> StartAsync(string data, params string[] arguments) => StartOtherAsync(Executable, data, arguments);

    /// <summary>As above, of another version.</summary>
    public static async Task<GatewayProcess> StartOtherAsync(string executable, string data, params string[] arguments)
    {
        string[] listen = arguments.Contains("--listen") ? [] : ["--listen", "127.0.0.1:0"];
        return new(await RunOtherAsync(executable, ["serve", "--data", data, .. listen, "--log-level", "Warning", .. arguments], IsReady, ("OORT_ACCESS_KEY", AccessKey), ("OORT_SECRET_KEY", SecretKey)), data);
    }

    /// <summary>Runs a verb against it.</summary>
    public Task<Tool.Result> VerbAsync(params string[] arguments) =>
        Tool.RunAsync(Executable, [.. arguments, "--endpoint", Endpoint], new Dictionary<string, string> { ["OORT_ACCESS_KEY"] = AccessKey, ["OORT_SECRET_KEY"] = SecretKey });

    /// <summary>Asks the admin API for what no verb does.</summary>
    public async Task AdminAsync(string method, string resource) =>
        (await Tool.RunAsync("curl", ["-sSf", "-X", method, "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", $"{AccessKey}:{SecretKey}", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", $"{Endpoint}/_oort/admin/v1/{resource}"])).ShouldSucceed();

    private static bool IsReady(string line) => line.StartsWith(ReadyMarker, StringComparison.Ordinal);
}
