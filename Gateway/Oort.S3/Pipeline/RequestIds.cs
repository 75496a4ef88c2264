using System.Security.Cryptography;

namespace Oort.S3;

/// <summary>Ids of requests: 16 upper-case hex digits, as S3's are; no two alike within a process, and like those of another process only by chance (one in 2^64).</summary>
/// <remarks>They name requests in logs and guard nothing, so only the beginning is drawn from the system's randomness: a draw for each would cost a request some 2 %. Thread-safe.</remarks>
internal sealed class RequestIds
{
    // The odd number nearest to 2^64 / golden ratio: its multiples pass through all 2^64 values before one comes again.
    private const ulong Step = 0x9E37_79B9_7F4A_7C15;

    private ulong last;

    public RequestIds() => RandomNumberGenerator.Fill(System.Runtime.InteropServices.MemoryMarshal.AsBytes(new Span<ulong>(ref last)));

    public string Next() => string.Create(16, Interlocked.Add(ref last, Step), static (text, id) => id.TryFormat(text, out _, "X16"));
}
