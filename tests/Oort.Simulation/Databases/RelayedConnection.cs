using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Databases;

/// <summary>One connection of a gateway to the server: whole requests one way, whole answers the other (PostgreSQL manual 54, "Frontend/Backend Protocol").</summary>
/// <remarks>Both sockets are read and written only by the simulator, never waited for by anybody else; the gateway's end is a socket of Unix, of which one sees what the other side has not taken yet.</remarks>
internal sealed partial class RelayedConnection(string name, Socket client, Socket server) : IDisposable
{
    /// <summary>What the database's own clock_timestamp reads.</summary>
    public const string ClockSetting = "simulated.now";

    private const int CancelRequest = 80877102;
    private const int HeaderSize = 5;
    private const ulong BytesNotTaken = 0x5411;

    /// <summary>How long bytes may lie untaken while nothing else moves until it is clear that the client does not want them yet: it reads a long answer bit by bit. Real time.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromMilliseconds(200);

    private readonly List<byte> inbound = [];
    private readonly List<byte> answer = [];
    private ReadOnlyMemory<byte> outbound;
    private int whole;
    private int parsed;
    private int requested;
    private int answersDue;
    private int answerParsed;
    private string? clock;
    private bool isAsked;
    private int untaken;
    private long untakenSince;

    public string Name => name;

    /// <summary>The process that serves it; 0 before it has said so.</summary>
    public int Process { get; private set; }

    /// <summary>Has said who it is.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>A whole request waits for its time.</summary>
    public bool IsScheduled { get; set; }

    /// <summary>The server has a request, and waits for a lock that another connection holds.</summary>
    public bool IsBlocked { get; set; }

    /// <summary>Nothing goes to the server any more, nor comes from it.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Either side has ended it, and both have been told.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The server is outside any transaction.</summary>
    public bool IsIdle { get; private set; } = true;

    /// <summary>There is a request that the server has not been given yet.</summary>
    public bool HasRequest => whole > 0 && !IsCut && !IsOver;

    /// <summary>The server has answered all it was asked.</summary>
    public bool IsAnswered => answersDue == 0;

    /// <summary>The answer to the request that the server has now will not arrive.</summary>
    public bool IsLosingAnswer { get; set; }

    /// <summary>For a run that hangs.</summary>
    public override string ToString() =>
        $"{name}: {inbound.Count} bytes asked, {whole} of them whole, {outbound.Length} bytes to give, {(IsOver ? 0 : Untaken())} not taken, {answersDue} answers due{(IsCut ? ", cut" : "")}{(IsScheduled ? ", scheduled" : "")}{(IsBlocked ? ", waits for a lock" : "")}";

    /// <summary>Takes what the client has sent and gives it what it has room for.</summary>
    /// <returns>Whether nothing moves any more by itself.</returns>
    public bool Advance()
    {
        if (IsOver) return true;
        var isClosed = false;
        while (client.Poll(0, SelectMode.SelectRead))
        {
            var bytes = new byte[Math.Max(1, client.Available)];
            if (Try(() => client.Receive(bytes)) is not (> 0 and var count))
            {
                isClosed = true;
                break;
            }

            inbound.AddRange(bytes.AsSpan(0, count));
        }

        Parse();
        if (isClosed)
        {
            End();
            return true;
        }

        // Who asks on a connection that was cut is told at once; his end is still to come.
        if (IsCut) return inbound.Count == 0;
        Flush();
        return inbound.Count == whole && IsTaken();
    }

    /// <summary>Gives the server what the client has asked.</summary>
    public void Forward(DateTimeOffset now)
    {
        var text = now.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
        if (IsIdle && Process != 0 && clock != text)
        {
            clock = text;
            // With the time of day, no limits that count real time: on a busy machine they would end what the seed does not.
            Send(Query($"SET {ClockSetting} = '{text}'; SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0"));
            answersDue = 1;
            while (!IsAnswered && !IsCut)
                if (!Receive(TimeSpan.FromSeconds(1))) throw new SimulationException("The database does not take the time of day.");
            Drop();
            if (IsCut) return;
        }

        answersDue = requested;
        (requested, isAsked) = (0, true);
        var request = CollectionsMarshal.AsSpan(inbound)[..whole].ToArray();
        inbound.RemoveRange(0, whole);
        (whole, parsed) = (0, parsed - request.Length);
        Send(request);
    }

    /// <summary>Waits for the server for a while of real time.</summary>
    /// <returns>False: it has said nothing.</returns>
    public bool Receive(TimeSpan wait)
    {
        if (!server.Poll(wait, SelectMode.SelectRead)) return false;
        var bytes = new byte[Math.Max(1, server.Available)];
        if (Try(() => server.Receive(bytes)) is not (> 0 and var count))
        {
            // It has ended the session; what it has said before goes to the client, and then the end.
            GiveAnswer();
            Cut();
            return true;
        }

        answer.AddRange(bytes.AsSpan(0, count));
        ParseAnswer();
        return true;
    }

    /// <summary>Lets the client have the answer.</summary>
    public void Deliver()
    {
        GiveAnswer();
        isAsked = false;
    }

    /// <summary>Ends the connection: the server rolls back what it has not committed, and has done so afterwards; the client meets the end of its connection.</summary>
    public void Cut()
    {
        if (IsCut || IsOver) return;
        IsCut = true;
        CloseServer();
        Drop();
        answersDue = 0;
        Try(() =>
        {
            client.Shutdown(SocketShutdown.Send);
            return 0;
        });
        // Who waits for an answer is not at rest before he has noticed.
        if (IsScheduled || isAsked) inbound.Add(0);
        (IsScheduled, IsBlocked, isAsked) = (false, false, false);
    }

    public void Dispose()
    {
        client.Dispose();
        server.Dispose();
    }

    private void End()
    {
        if (IsOver) return;
        IsOver = true;
        if (!IsCut) CloseServer();
        Dispose();
    }

    /// <summary>The server's process is gone afterwards, and with it its locks.</summary>
    private void CloseServer()
    {
        Try(() =>
        {
            server.Shutdown(SocketShutdown.Send);
            var bytes = new byte[4096];
            server.ReceiveTimeout = 30_000;
            while (server.Receive(bytes) > 0)
            {
            }

            return 0;
        });
        server.Close();
    }

    /// <summary>Finds the end of the last whole request: what the server answers with ReadyForQuery.</summary>
    private void Parse()
    {
        while (!IsOver && !IsCut)
        {
            var rest = CollectionsMarshal.AsSpan(inbound)[parsed..];
            if (!HasBegun)
            {
                if (rest.Length < 8) return;
                var code = BinaryPrimitives.ReadInt32BigEndian(rest[4..]);
                if (code == CancelRequest)
                {
                    // It comes too late, as it may; who sent it waits for this end.
                    End();
                    return;
                }

                var size = BinaryPrimitives.ReadInt32BigEndian(rest);
                if (rest.Length < size) return;
                HasBegun = true;
                requested++;
                whole = parsed += size;
                continue;
            }

            if (rest.Length < HeaderSize) return;
            var length = 1 + BinaryPrimitives.ReadInt32BigEndian(rest[1..]);
            if (rest.Length < length) return;
            parsed += length;
            switch ((char)rest[0])
            {
                case 'X':
                    End();
                    return;
                case 'Q' or 'S':
                    requested++;
                    whole = parsed;
                    break;
                case 'p' or 'd' or 'c' or 'f' or 'F':
                    throw new SimulationException($"The relay of the database does not know what to do with a message {(char)rest[0]}.");
            }
        }
    }

    private void ParseAnswer()
    {
        while (answer.Count - answerParsed >= HeaderSize)
        {
            var rest = CollectionsMarshal.AsSpan(answer)[answerParsed..];
            var length = 1 + BinaryPrimitives.ReadInt32BigEndian(rest[1..]);
            if (rest.Length < length) return;
            if (rest[0] == 'K') Process = BinaryPrimitives.ReadInt32BigEndian(rest[HeaderSize..]);
            if (rest[0] == 'Z')
            {
                answersDue--;
                IsIdle = rest[HeaderSize] == 'I';
            }

            answerParsed += length;
        }
    }

    private void Drop()
    {
        answer.Clear();
        answerParsed = 0;
    }

    private void Send(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (server.Poll(TimeSpan.FromMilliseconds(1), SelectMode.SelectWrite)) bytes = bytes[server.Send(bytes.Span[..Math.Min(bytes.Length, 16 * 1024)])..];
            else Receive(TimeSpan.Zero);
        }
    }

    private void GiveAnswer()
    {
        outbound = (byte[])[.. outbound.Span, .. answer];
        Drop();
        Flush();
    }

    private void Flush()
    {
        while (!outbound.IsEmpty && !IsOver)
        {
            var sent = client.Send(outbound.Span, SocketFlags.None, out var error);
            if (error != SocketError.Success || sent <= 0) return;
            outbound = outbound[sent..];
        }
    }

    /// <summary>Whether the client has taken all it was given, or does not want more now.</summary>
    private bool IsTaken()
    {
        var present = Untaken() + outbound.Length;
        if (present == 0)
        {
            untaken = 0;
            return true;
        }

        if (present != untaken) (untaken, untakenSince) = (present, Environment.TickCount64);
        return Environment.TickCount64 - untakenSince > patience.TotalMilliseconds;
    }

    private int Untaken() => Control((int)client.Handle, BytesNotTaken, out var count) == 0 ? count : 0;

    private static int Try(Func<int> act)
    {
        try
        {
            return act();
        }
        catch (SocketException)
        {
            return -1;
        }
    }

    private static byte[] Query(string sql)
    {
        var text = Encoding.UTF8.GetBytes(sql);
        var message = new byte[HeaderSize + text.Length + 1];
        message[0] = (byte)'Q';
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), message.Length - 1);
        text.CopyTo(message, HeaderSize);
        return message;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int handle, ulong request, out int value);
}
