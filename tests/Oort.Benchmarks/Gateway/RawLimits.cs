using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Oort.Benchmarks.Gateway;

/// <summary>What the machine gives without any gateway, taken in the same run: memory, disk and loopback.</summary>
/// <param name="Name">For people.</param>
/// <param name="Value">In <paramref name="Unit"/>.</param>
internal sealed record RawLimit(string Name, double Value, string Unit);

/// <summary>Takes the raw limits, each as the best of some rounds.</summary>
internal static class RawLimits
{
    private const int RoundCount = 5;
    private const int Mebibyte = 1024 * 1024;

    public static IEnumerable<RawLimit> Take(string folder, bool isShort)
    {
        yield return new("memcpy of 256 KiB, in cache", Copy(256 * 1024), "MiB/s");
        yield return new("memcpy of 64 MiB", Copy(64 * Mebibyte), "MiB/s");
        yield return new("disk: a new file in writes of 1 MiB, one sync at the end", Write(folder, isShort ? 64 : 512), "MiB/s");
        yield return new("disk: append of 4 KiB with a sync each", Appends(folder, isShort ? 20 : 300), "ops/s");
        yield return new("loopback: one way, 256 KiB a call", Stream(isShort ? 64 : 2048), "MiB/s");
        yield return new("loopback: 4 KiB there and back", RoundTrips(isShort ? 500 : 20_000), "ops/s");
    }

    private static double Copy(int size)
    {
        var (from, to) = (new byte[size], new byte[size]);
        from.CopyTo(to, 0);
        var repeats = Math.Max(1, 256 * Mebibyte / size);
        return Best(() =>
        {
            for (var i = 0; i < repeats; i++) Buffer.BlockCopy(from, 0, to, 0, size);
            return (double)repeats * size / Mebibyte;
        });
    }

    private static double Write(string folder, int mebibytes)
    {
        var content = Works.Content(Mebibyte);
        return Best(() =>
        {
            var path = Path.Combine(folder, "raw");
            using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, preallocationSize: (long)mebibytes * Mebibyte))
            {
                for (var i = 0; i < mebibytes; i++) RandomAccess.Write(file, content, (long)i * Mebibyte);
                RandomAccess.FlushToDisk(file);
            }

            File.Delete(path);
            return mebibytes;
        });
    }

    private static double Appends(string folder, int count)
    {
        var content = Works.Content(4096);
        var path = Path.Combine(folder, "raw");
        return Best(() =>
        {
            using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
            {
                for (var i = 0; i < count; i++)
                {
                    RandomAccess.Write(file, content, i * 4096L);
                    RandomAccess.FlushToDisk(file);
                }
            }

            File.Delete(path);
            return count;
        });
    }

    private static double Stream(int mebibytes) => OverLoopback((near, far) =>
    {
        var sender = new Thread(() =>
        {
            var content = new byte[256 * 1024];
            for (var sent = 0L; sent < (long)mebibytes * Mebibyte;) sent += near.Send(content);
        });
        sender.Start();
        var buffer = new byte[256 * 1024];
        for (var left = (long)mebibytes * Mebibyte; left > 0;) left -= far.Receive(buffer);
        sender.Join();
        return mebibytes;
    });

    private static double RoundTrips(int count) => OverLoopback((near, far) =>
    {
        var echo = new Thread(() =>
        {
            var content = new byte[4096];
            for (var i = 0; i < count; i++)
            {
                ReceiveAll(far, content);
                far.Send(content);
            }
        });
        echo.Start();
        var buffer = new byte[4096];
        for (var i = 0; i < count; i++)
        {
            near.Send(buffer);
            ReceiveAll(near, buffer);
        }

        echo.Join();
        return count;
    });

    private static void ReceiveAll(Socket socket, Span<byte> buffer)
    {
        while (!buffer.IsEmpty) buffer = buffer[socket.Receive(buffer)..];
    }

    private static double OverLoopback(Func<Socket, Socket, double> work)
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var near = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.Connect(listener.LocalEndPoint!);
        using var far = listener.Accept();
        far.NoDelay = true;
        return Best(() => work(near, far));
    }

    /// <summary>Units a second in the best round.</summary>
    private static double Best(Func<double> round)
    {
        var best = 0.0;
        for (var i = 0; i < RoundCount; i++)
        {
            var clock = Stopwatch.StartNew();
            var units = round();
            best = Math.Max(best, units / clock.Elapsed.TotalSeconds);
        }

        return best;
    }
}
