using System.Runtime.InteropServices;

namespace Oort.Backends.Local;

/// <summary>Errors of the operating system as <see cref="DiskException"/>.</summary>
internal static class PosixErrors
{
    public static void ThrowIf(int error, string path)
    {
        if (error != 0)
            throw new DiskException(KindOf(error), $"{path}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    public static T Translate<T>(string path, Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw From(path, e);
        }
    }

    public static DiskException From(string path, Exception e) => new(e switch
    {
        FileNotFoundException or DirectoryNotFoundException => DiskErrorKind.NotFound,
        UnauthorizedAccessException => DiskErrorKind.Denied,
        _ => KindOf(e.HResult), // On Unix .NET gives an IOException the errno as its HResult.
    }, $"{path}: {e.Message}", e);

    private static DiskErrorKind KindOf(int error) => error switch
    {
        Posix.ENOENT => DiskErrorKind.NotFound,
        Posix.EEXIST => DiskErrorKind.Exists,
        Posix.ENOSPC or Posix.EDQUOT => DiskErrorKind.NoSpace,
        Posix.EROFS or Posix.EACCES or Posix.EPERM => DiskErrorKind.Denied,
        Posix.EAGAIN => DiskErrorKind.Locked,
        Posix.EIO => DiskErrorKind.Failed,
        _ => DiskErrorKind.Gone,
    };
}
