using System.Runtime.InteropServices;

namespace Oort.Objects.Budget;

/// <summary>Pinned memory that begins at a page, and whose pages go back to the system the moment they are released.</summary>
/// <remarks>
/// The arrays are the collector's, because the server's sockets take nothing else. But it collects pinned arrays late (with its oldest generation), and a load of
/// changing sizes would until then hold its dropped buffers as well.
/// </remarks>
internal static partial class PinnedPages
{
    /// <summary>What direct writes align to, and what the system takes back.</summary>
    public const int PageSize = 4096;

    /// <summary>MADV_DONTNEED of madvise(2): the pages are freed, and read as zeros until they are written again.</summary>
    private const int DontNeed = 4;

    /// <param name="size">In bytes; at most a page more is held.</param>
    public static Memory<byte> Allocate(int size)
    {
        var array = GC.AllocateUninitializedArray<byte>(size + PageSize, pinned: true);
        var intoPage = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(array, 0) & (PageSize - 1));
        return array.AsMemory((PageSize - intoPage) % PageSize, size);
    }

    /// <summary>Frees the pages of what <see cref="Allocate"/> gave. Nobody may use it any more; the collector takes the rest of the array when it comes by.</summary>
    public static void Release(Memory<byte> memory)
    {
        // Elsewhere the collector does it all, later. Larger pages than these are left alone: only whole ones can be freed.
        if (!OperatingSystem.IsLinux() || Environment.SystemPageSize != PageSize || !MemoryMarshal.TryGetArray<byte>(memory, out var part)) return;
        // A failure leaves the pages as they were, and them to the collector.
        _ = Advise(Marshal.UnsafeAddrOfPinnedArrayElement(part.Array!, part.Offset), (nuint)(memory.Length / PageSize * PageSize), DontNeed);
        GC.KeepAlive(part.Array);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
