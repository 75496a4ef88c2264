namespace Oort.Gateway;

/// <summary>The data directory, held by one process at a time.</summary>
public sealed class DataDirectory : IDisposable
{
    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held)
    {
        FullPath = path;
        _lock = held;
    }

    public string FullPath { get; }

    /// <summary>Creates it where needed (for its owner only) and takes its lock.</summary>
    /// <exception cref="ConfigurationException">It cannot be made or written, or another process holds it; the message says which and what to do.</exception>
    public static DataDirectory Open(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            if (!OperatingSystem.IsWindows() && !Directory.Exists(full))
                Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            else
                Directory.CreateDirectory(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The data directory {full} cannot be made ({e.Message}); choose another with --data DIR.");
        }

        try
        {
            // FileShare.None is an exclusive advisory lock of the kernel: it ends with the process, however that ends.
            return new DataDirectory(full, new FileStream(Path.Combine(full, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The data directory {full} cannot be written; give it to this user or choose another with --data DIR.");
        }
        catch (IOException e)
        {
            throw new ConfigurationException($"The data directory {full} is in use by another oort process ({e.Message}); stop that one or choose another with --data DIR.");
        }
    }

    public void Dispose() => _lock.Dispose();
}
