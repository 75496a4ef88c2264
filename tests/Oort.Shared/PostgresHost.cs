using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Oort.Shared;

/// <summary>A PostgreSQL server of Debian's package for tests: its own data directory, a free port of 127.0.0.1, ended with its tests.</summary>
/// <remarks>PostgreSQL refuses to run as root; then it runs as the package's user.</remarks>
internal sealed partial class PostgresHost : IAsyncDisposable
{
    private const string User = "postgres";
    private const int SignalInterrupt = 2;
    private const int SignalKill = 9;
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo folder;
    private readonly string binaries;
    private readonly List<string> settings;
    private Process? server;
    private LastLines log = new();

    private PostgresHost(DirectoryInfo folder, string binaries, IEnumerable<string> settings) => (this.folder, this.binaries, this.settings) = (folder, binaries, [.. settings]);

    public int Port { get; private set; }

    private string Data => Path.Combine(folder.FullName, "data");

    /// <summary>Makes and starts a server.</summary>
    /// <param name="settings">Settings beside the tests' own, as name=value.</param>
    public static async Task<PostgresHost> StartAsync(params string[] settings)
    {
        var folder = CreateFolder();
        var host = new PostgresHost(folder, FindBinaries(), settings);
        try
        {
            if (IsRoot) await RunAsync("chown", User, folder.FullName);
            await host.RunServerToolAsync("initdb", "-D", host.Data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync");
            await host.StartServerAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>An address as users write it.</summary>
    public string Address(string database) => string.Create(CultureInfo.InvariantCulture, $"postgres://{User}@127.0.0.1:{Port}/{database}");

    /// <summary>Runs a statement in a database with the package's client, and returns what it prints.</summary>
    public async Task<string> QueryAsync(string database, string sql) =>
        (await RunAsync(Path.Combine(binaries, "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", User, "-d", database, "-c", sql)).Trim();

    public Task CreateDatabaseAsync(string name) => QueryAsync("postgres", $"CREATE DATABASE {name}");

    public Task DropDatabaseAsync(string name) => QueryAsync("postgres", $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    /// <summary>Ends the server at once, as a crash would, or in an orderly way; sessions are cut either way.</summary>
    public async Task StopAsync(bool crash = false)
    {
        if (server is null) return;
        // A crash of the machine takes all processes; the supervisor's end makes the others end by themselves.
        if (!server.HasExited) Check(Kill(server.Id, crash ? SignalKill : SignalInterrupt));
        using var limit = new CancellationTokenSource(patience);
        await server.WaitForExitAsync(limit.Token);
        server.Dispose();
        server = null;
    }

    /// <summary>Starts it again on its data, at the same port.</summary>
    public Task RestartAsync() => StartServerAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        // After a crash the server's other processes end a moment later, and may still write.
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                folder.Delete(recursive: true);
                return;
            }
            catch (IOException) when (Stopwatch.GetElapsedTime(begun) < patience)
            {
                await Task.Delay(20);
            }
        }
    }

    /// <summary>In memory where there is room: the tests commit thousands of times, and would hold up everybody's disk with their syncs.</summary>
    private static DirectoryInfo CreateFolder()
    {
        const string memory = "/dev/shm";
        const long roomMin = 2L << 30;
        if (!Directory.Exists(memory) || new DriveInfo(memory).AvailableFreeSpace < roomMin) return Directory.CreateTempSubdirectory("oort-postgres-");
        return Directory.CreateDirectory(Path.Combine(memory, "oort-postgres-" + Path.GetRandomFileName()));
    }

    private static bool IsRoot => Environment.UserName == "root";

    private async Task StartServerAsync()
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            if (Port == 0) Port = FreePort();
            log = new();
            string[] own = [$"port={Port}", "listen_addresses=127.0.0.1", $"unix_socket_directories={folder.FullName}", "shared_buffers=64MB", "max_connections=300", "wal_level=minimal", "max_wal_senders=0", "logging_collector=off"];
            server = Start("postgres", ["-D", Data, .. own.Concat(settings).SelectMany(setting => (string[])["-c", setting])]);
            log.Follow(server);
            while (!server.HasExited)
            {
                try
                {
                    await QueryAsync("postgres", "SELECT 1");
                    return;
                }
                catch (InvalidOperationException) when (Stopwatch.GetElapsedTime(begun) < patience)
                {
                    await Task.Delay(20);
                }
            }
            // The port may have been taken meanwhile, or processes of a server that was killed still hold its memory.
            if (Stopwatch.GetElapsedTime(begun) > patience) throw new InvalidOperationException("PostgreSQL does not start: " + log);
            await Task.Delay(100);
        }
    }

    private static string FindBinaries()
    {
        var versions = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        var newest = versions.Select(folder => Path.Combine(folder, "bin")).Where(folder => File.Exists(Path.Combine(folder, "postgres")))
            .OrderByDescending(folder => int.TryParse(Path.GetFileName(Path.GetDirectoryName(folder)), out var version) ? version : 0).FirstOrDefault();
        return newest ?? (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")))
            ?? throw new InvalidOperationException("PostgreSQL is not installed; the tests need Debian's package postgresql.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private Task<string> RunServerToolAsync(string tool, params string[] arguments) => FinishAsync(Start(tool, arguments), tool);

    /// <summary>Starts a program of the package as a user that is not root. setpriv becomes it, so the process is the program's own.</summary>
    private Process Start(string tool, IEnumerable<string> arguments)
    {
        var path = Path.Combine(binaries, tool);
        return IsRoot ? Launch("setpriv", [$"--reuid={User}", $"--regid={User}", "--init-groups", "--", path, .. arguments], folder.FullName) : Launch(path, arguments, folder.FullName);
    }

    private static Task<string> RunAsync(string program, params string[] arguments) => FinishAsync(Launch(program, arguments, "/"), program);

    private static Process Launch(string program, IEnumerable<string> arguments, string directory)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = directory };
        // Nothing of the tests' environment is the server's business.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToArray()) start.Environment.Remove(name);
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    private static async Task<string> FinishAsync(Process process, string name)
    {
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{name} ended with {process.ExitCode}: {await error}");
        }
    }

    private static void Check(int result)
    {
        if (result != 0) throw new InvalidOperationException($"A signal could not be sent: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    /// <summary>The last lines that a process printed.</summary>
    private sealed class LastLines
    {
        private const int LinesMax = 50;
        private readonly Queue<string> lines = new();

        public void Follow(Process process)
        {
            process.OutputDataReceived += (_, line) => Add(line.Data);
            process.ErrorDataReceived += (_, line) => Add(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public override string ToString()
        {
            lock (lines) return string.Join('\n', lines);
        }

        private void Add(string? line)
        {
            if (line is null) return;
            lock (lines)
            {
                lines.Enqueue(line);
                if (lines.Count > LinesMax) lines.Dequeue();
            }
        }
    }
}
