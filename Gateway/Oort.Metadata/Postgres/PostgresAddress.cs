using System.Globalization;
using Npgsql;

namespace Oort.Metadata.Postgres;

/// <summary>Reads addresses of databases: URLs as PostgreSQL's own clients take them (PostgreSQL manual 34.1.1.2), or Npgsql's connection strings.</summary>
internal static class PostgresAddress
{
    private static readonly string[] Schemes = ["postgres://", "postgresql://"];

    /// <exception cref="ArgumentException">It is neither. The message does not repeat it: it may hold a password.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string address)
    {
        var scheme = Schemes.FirstOrDefault(one => address.StartsWith(one, StringComparison.Ordinal));
        if (scheme is null) return Keywords(address);
        var rest = address[scheme.Length..];
        var end = rest.IndexOfAny(['/', '?']);
        // No host: the query names it, or it is this machine.
        if (end == 0 || (end > 0 && rest[end - 1] == '@')) rest = rest.Insert(end, "localhost");
        if (!Uri.TryCreate("postgres://" + rest, UriKind.Absolute, out var url)) throw Bad();
        var result = new NpgsqlConnectionStringBuilder { Host = Uri.UnescapeDataString(url.Host), Port = url.Port > 0 ? url.Port : NpgsqlConnection.DefaultPort };
        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0) result.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1) result.Password = Uri.UnescapeDataString(user[1]);
        if (url.AbsolutePath.Length > 1) result.Database = Uri.UnescapeDataString(url.AbsolutePath[1..]);
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            if (parts.Length != 2) throw Bad();
            Set(result, Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts[1]));
        }
        return result;
    }

    /// <summary>The address without its password, for people.</summary>
    public static string Shown(NpgsqlConnectionStringBuilder address) =>
        string.Create(CultureInfo.InvariantCulture, $"{address.Username}@{address.Host}:{address.Port}/{address.Database}");

    private static void Set(NpgsqlConnectionStringBuilder target, string name, string value)
    {
        try
        {
            // libpq's names of what Npgsql calls otherwise. A host in the query may be the folder of a socket.
            switch (name)
            {
                case "host": target.Host = value; break;
                case "port": target.Port = int.Parse(value, CultureInfo.InvariantCulture); break;
                case "user": target.Username = value; break;
                case "password": target.Password = value; break;
                case "dbname": target.Database = value; break;
                case "sslmode": target.SslMode = Enum.Parse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true); break;
                case "sslrootcert": target.RootCertificate = value; break;
                case "sslcert": target.SslCertificate = value; break;
                case "sslkey": target.SslKey = value; break;
                case "connect_timeout": target.Timeout = int.Parse(value, CultureInfo.InvariantCulture); break;
                case "application_name": target.ApplicationName = value; break;
                default: target[name] = value; break;
            }
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            throw new ArgumentException($"The database's address has an option {name} that is not known or has no such value.", e);
        }
    }

    private static NpgsqlConnectionStringBuilder Keywords(string address)
    {
        try
        {
            return new(address);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new ArgumentException("A database's address is postgres://user:password@host:port/database.", e);
        }
    }

    private static ArgumentException Bad() => new("A database's address is postgres://user:password@host:port/database.");
}
