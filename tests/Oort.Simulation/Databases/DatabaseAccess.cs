using System.Net.Sockets;

namespace Oort.Simulation.Databases;

/// <summary>The way of one life of a gateway to the database: a socket of its own, which ends with it.</summary>
internal sealed class DatabaseAccess : IDisposable
{
    /// <summary>In the name of the socket alone.</summary>
    private const int Port = 5432;

    private const int BacklogMax = 64;

    private readonly DirectoryInfo folder;
    private readonly string database;
    private Socket? listener;

    public DatabaseAccess(string name, DirectoryInfo folder, string database)
    {
        (Name, this.folder, this.database) = (name, folder, database);
        Listen();
    }

    public string Name { get; }

    /// <summary>In the order in which they were made.</summary>
    public List<RelayedConnection> Connections { get; } = [];

    /// <summary>One in so many requests is lost with its connection before the server gets it; 0: none.</summary>
    public int LoseRequestOneIn { get; set; }

    /// <summary>One in so many answers is lost with its connection after the server has done what it was asked; 0: none.</summary>
    public int LoseAnswerOneIn { get; set; }

    /// <summary>Its life is over, and with it the way.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>As a gateway is given it. A pool that looks for connections nobody needs would do so by the real clock.</summary>
    public string Address => $"postgres://postgres@/{database}?host={Uri.EscapeDataString(folder.FullName)}&port={Port}&sslmode=disable&GSS%20Encryption%20Mode=Disable&Connection%20Idle%20Lifetime=100000&Connection%20Pruning%20Interval=100000";

    private string Path => System.IO.Path.Combine(folder.FullName, $".s.PGSQL.{Port}");

    /// <summary>Connections are taken again.</summary>
    public void Listen()
    {
        if (IsClosed || listener is not null) return;
        listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Path));
        listener.Listen(BacklogMax);
    }

    /// <summary>Connections are refused; those that are there stay.</summary>
    public void Refuse()
    {
        listener?.Dispose();
        listener = null;
        File.Delete(Path);
    }

    /// <summary>For good.</summary>
    public void Dispose()
    {
        IsClosed = true;
        Refuse();
    }

    /// <summary>Takes the connections that have been made.</summary>
    public void Accept(Func<Socket> connect)
    {
        while (listener is { } open && open.Poll(0, SelectMode.SelectRead))
        {
            var client = open.Accept();
            client.Blocking = false;
            Connections.Add(new(Name, client, connect()));
        }
    }
}
