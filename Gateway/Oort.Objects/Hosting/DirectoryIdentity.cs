using System.Globalization;
using System.Text;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>How far a data directory has come.</summary>
internal enum DirectoryState
{
    /// <summary>The first start has begun and was not finished: it is done again; nothing was ever acknowledged.</summary>
    Creating,

    /// <summary>A recovery has begun and was not finished: it is done again from the stores.</summary>
    Recovering,

    /// <summary>It has a database. If that is missing later, something is wrong.</summary>
    Whole,
}

/// <summary>The file <c>identity</c> of a data directory: whose it is and how often it was started. Text, a line "name = value" each.</summary>
/// <param name="Session">Counts the starts; durable before the journal of that start is written, so that no two logs share a name.</param>
internal sealed record DirectoryIdentity(ClusterId Cluster, GatewayId Gateway, DirectoryState State, ulong Session)
{
    public const string FileName = "identity";
    public const string KeyringFileName = "keyring";
    public const string DatabaseFileName = "metadata.db";

    /// <summary>Says that the metadata were moved to a shared database; the file above is old.</summary>
    public const string MovedFileName = "metadata.moved";

    private const string FirstLine = "oort data directory, format 1";

    /// <summary>Reads it; null when the directory has none.</summary>
    /// <exception cref="StartRefusedException">It cannot be understood: damaged, or of a newer program.</exception>
    public static DirectoryIdentity? Read(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (DurableFile.Read(path) is not { } bytes) return null;
        var lines = Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0 || lines[0] != FirstLine) throw new StartRefusedException(StartRefusal.HalfDirectory, $"{path} is not an identity file that this program knows.");
        var fields = lines.Skip(1).Select(line => line.Split(" = ", 2)).Where(field => field.Length == 2).ToDictionary(field => field[0], field => field[1], StringComparer.Ordinal);
        return UInt128.TryParse(fields.GetValueOrDefault("cluster"), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var cluster)
            && GatewayId.TryParse(fields.GetValueOrDefault("gateway"), out var gateway)
            && Enum.TryParse<DirectoryState>(fields.GetValueOrDefault("state"), ignoreCase: true, out var state)
            && ulong.TryParse(fields.GetValueOrDefault("session"), NumberStyles.None, CultureInfo.InvariantCulture, out var session)
            ? new(new(cluster), gateway, state, session)
            : throw new StartRefusedException(StartRefusal.HalfDirectory, $"{path} is damaged. Recover into a new data directory from the disks and the recovery phrase: oort recover.");
    }

    public void Write(string directory) => DurableFile.Write(
        Path.Combine(directory, FileName),
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{FirstLine}\ncluster = {Cluster}\ngateway = {Gateway}\nstate = {State.ToString().ToLowerInvariant()}\nsession = {Session}\n")));
}
