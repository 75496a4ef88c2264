using System.Net;
using System.Net.Sockets;
using Npgsql;
using Oort.Shared;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Databases;

/// <summary>Stands between the gateways and a real PostgreSQL server, so that the seed decides when each request is done, and which before which.</summary>
/// <remarks>
/// A request is what the server answers as a whole, from the first byte to its ReadyForQuery. It is given to the server at the time of an event, and answered before anything else
/// happens: while the server works, simulated time stands still, and it has no other work. Only who waits there for a lock is left waiting until a transaction of another connection ends.
/// </remarks>
internal sealed class Relay : IDisposable
{
    /// <summary>The longest that the server may be busy with a request, in real time.</summary>
    public static readonly TimeSpan BusyMax = TimeSpan.FromSeconds(60);

    /// <summary>After so long a silence it is asked whether it waits for a lock.</summary>
    private static readonly TimeSpan silenceMax = TimeSpan.FromMilliseconds(5);

    /// <summary>As within a data centre, on a disk that syncs fast.</summary>
    public static readonly TimeSpan LatencyDefault = TimeSpan.FromMilliseconds(2);

    private static readonly TimeSpan doorInterval = TimeSpan.FromMilliseconds(2);

    private readonly Simulator simulator;
    private readonly Random random;
    private readonly PostgresHost host;
    private readonly string database;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-relay-");
    private readonly List<DatabaseAccess> accesses = [];
    private readonly List<RelayedConnection> blocked = [];
    private readonly Lock gate = new();
    private readonly NpgsqlConnection control;
    private readonly Thread doorkeeper;
    private bool isAway;
    private long? restlessSince;
    private readonly ManualResetEventSlim ended = new();

    private Relay(Simulator simulator, PostgresHost host, string database)
    {
        (this.simulator, this.host, this.database) = (simulator, host, database);
        random = simulator.Fork();
        Clock = new(simulator);
        control = new($"Host=127.0.0.1;Port={host.Port};Username=postgres;Database=postgres;Pooling=false;SSL Mode=Disable;GSS Encryption Mode=Disable");
        control.Open();
        simulator.Database = this;
        doorkeeper = new(KeepDoor) { IsBackground = true, Name = "relay of the database" };
        doorkeeper.Start();
    }

    /// <summary>Of the server's machine.</summary>
    public VirtualClock Clock { get; }

    /// <summary>The longest time until a request is done.</summary>
    public TimeSpan Latency { get; set; } = LatencyDefault;

    /// <summary>Requests that were done.</summary>
    public long Count { get; private set; }

    public static async Task<Relay> StartAsync(Simulator simulator)
    {
        var (host, name) = await DatabaseHost.CreateAsync();
        return new(simulator, host, name);
    }

    /// <summary>A way for one life of a gateway.</summary>
    public DatabaseAccess Open(string name)
    {
        lock (gate)
        {
            var access = new DatabaseAccess(name, folder.CreateSubdirectory($"{accesses.Count}"), database);
            if (isAway) access.Refuse();
            accesses.Add(access);
            return access;
        }
    }

    /// <summary>A gateway's process is gone: the server rolls back what it had begun.</summary>
    public void Close(DatabaseAccess access)
    {
        lock (gate)
        {
            access.Dispose();
            Cut(access);
        }
    }

    /// <summary>The server cannot be reached: what it has not committed is rolled back, and connections are refused.</summary>
    public void Away()
    {
        lock (gate)
        {
            isAway = true;
            foreach (var access in accesses)
            {
                access.Refuse();
                Cut(access);
            }
        }
    }

    public void Back()
    {
        lock (gate)
        {
            isAway = false;
            foreach (var access in accesses) access.Listen();
        }
    }

    /// <summary>Cuts all connections that a gateway has.</summary>
    public void Cut(DatabaseAccess access)
    {
        lock (gate)
        {
            foreach (var one in access.Connections.ToArray()) Cut(one);
        }
    }

    /// <summary>Takes what has been sent, and makes it an event that requests are done. Called when nothing else goes on.</summary>
    /// <returns>False: answers are on their way; the pool, or the system, has something to do.</returns>
    public bool IsAtRest()
    {
        lock (gate)
        {
            var isAtRest = true;
            foreach (var one in Advance(ref isAtRest)) Schedule(one);
            if (isAtRest) restlessSince = null;
            else if (Environment.TickCount64 - (restlessSince ??= Environment.TickCount64) > BusyMax.TotalMilliseconds) throw Stuck("does not take answers");
            return isAtRest;
        }
    }

    /// <summary>What to say when nothing goes on for too long.</summary>
    public SimulationException Stuck(string what) => new($"After {BusyMax.TotalSeconds} s of real time the product still {what}. Connections of the database:\n{string.Join('\n', accesses.SelectMany(access => access.Connections))}");

    public void Dispose()
    {
        ended.Set();
        doorkeeper.Join();
        ended.Dispose();
        lock (gate)
        {
            foreach (var access in accesses)
            {
                access.Dispose();
                foreach (var one in access.Connections) one.Dispose();
            }
        }

        using (var drop = new NpgsqlCommand($"DROP DATABASE {database} WITH (FORCE)", control)) drop.ExecuteNonQuery();
        control.Dispose();
        folder.Delete(recursive: true);
    }

    /// <summary>Connections with a request that nobody has seen yet, in an order that does not depend on when they were looked at.</summary>
    private List<RelayedConnection> Advance(ref bool isAtRest)
    {
        var asking = new List<RelayedConnection>();
        foreach (var access in accesses)
        {
            access.Accept(Connect);
            foreach (var one in access.Connections)
            {
                isAtRest &= one.Advance();
                if (one.HasRequest && one.IsAnswered && !one.IsScheduled) asking.Add(one);
            }

            access.Connections.RemoveAll(one => one.IsOver);
        }

        return asking;
    }

    private void Schedule(RelayedConnection one)
    {
        one.IsScheduled = true;
        simulator.After(Latency * random.NextDouble(), () => Serve(one));
    }

    private void Serve(RelayedConnection one)
    {
        lock (gate)
        {
            if (!one.IsScheduled || one.IsOver) return;
            var access = accesses.Find(access => access.Connections.Contains(one))!;
            simulator.Trace.Add(simulator.Now, $"{one.Name} asks the database");
            if (Happens(access.LoseRequestOneIn))
            {
                simulator.Trace.Add(simulator.Now, $"{one.Name}: the request is lost");
                Cut(one);
                return;
            }

            one.IsLosingAnswer = Happens(access.LoseAnswerOneIn);
            one.IsScheduled = false;
            one.Forward(Clock.GetUtcNow());
            Count++;
            Await(one);
            LetGo();
        }
    }

    /// <summary>Waits until the server has answered, or waits itself.</summary>
    private void Await(RelayedConnection one)
    {
        var begun = Environment.TickCount64;
        while (!one.IsAnswered)
        {
            if (one.Receive(silenceMax)) continue;
            if (IsWaitingForLock(one.Process))
            {
                simulator.Trace.Add(simulator.Now, $"{one.Name} waits for a lock");
                if (!one.IsBlocked) blocked.Add(one);
                one.IsBlocked = true;
                return;
            }

            if (Environment.TickCount64 - begun > BusyMax.TotalMilliseconds) throw new SimulationException($"The database has not answered {one.Name} within {BusyMax.TotalSeconds} s of real time.");
        }

        one.IsBlocked = false;
        blocked.Remove(one);
        if (one.IsLosingAnswer)
        {
            simulator.Trace.Add(simulator.Now, $"{one.Name}: the answer is lost");
            one.Cut();
        }
        else
        {
            one.Deliver();
        }
    }

    /// <summary>A transaction may have ended: who waited for it goes on, until nobody can.</summary>
    private void LetGo()
    {
        for (var again = true; again;)
        {
            again = false;
            foreach (var one in blocked.ToArray())
            {
                // The lock is given before the answer to the COMMIT that freed it is sent.
                if (one.IsOver || one.IsCut || IsWaitingForLock(one.Process)) continue;
                simulator.Trace.Add(simulator.Now, $"{one.Name} has the lock");
                Await(one);
                again = true;
            }

            blocked.RemoveAll(one => one.IsOver || one.IsCut);
        }
    }

    private void Cut(RelayedConnection one)
    {
        if (one.IsCut || one.IsOver) return;
        if (one.IsBlocked) Control($"SELECT pg_terminate_backend({one.Process})");
        one.Cut();
        blocked.Remove(one);
        LetGo();
    }

    private bool IsWaitingForLock(int process) => process != 0 && Control($"SELECT cardinality(pg_blocking_pids({process})) > 0") is true;

    private object? Control(string sql)
    {
#pragma warning disable CA2100 // Statements are constants with the number of a process in them.
        using var command = new NpgsqlCommand(sql, control);
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }

    private bool Happens(int oneIn) => oneIn > 0 && random.Next(oneIn) == 0;

    private Socket Connect()
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        server.Connect(IPAddress.Loopback, host.Port);
        return server;
    }

    /// <summary>Tells those who want a request cancelled that it is done with: they wait for that in the pool's only thread, in which the simulator has its turns.</summary>
    private void KeepDoor()
    {
        while (!ended.Wait(doorInterval))
        {
            if (!gate.TryEnter()) continue;
            try
            {
                foreach (var access in accesses)
                {
                    access.Accept(Connect);
                    foreach (var one in access.Connections)
                        if (!one.HasBegun) one.Advance();
                }
            }
            finally
            {
                gate.Exit();
            }
        }
    }
}
