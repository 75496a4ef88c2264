using System.Globalization;
using System.Security.Cryptography;
using Oort.Crypto;
using Oort.Objects;

namespace Oort.Gateway;

/// <summary>The root key in the data directory: 32 raw bytes, mode 0600, complete or absent after any crash (docs/formats/keyring.md §6).</summary>
public static class RootKeyFile
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Writes the root to a new file that only its owner can read; durable, with its name, when it returns.</summary>
    /// <exception cref="IOException">The file exists already (a root is never written over), or cannot be written.</exception>
    public static void Save(string path, RootKey root)
    {
        if (File.Exists(path)) throw new IOException($"{path} exists already; a root key is never written over.");
        Span<byte> bytes = stackalloc byte[RootKey.Size];
        try
        {
            root.CopyTo(bytes);
            DurableFile.Write(path, bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Reads a file that <see cref="Save"/> wrote.</summary>
    /// <exception cref="IOException">It is not there, cannot be read, has another length, or others than its owner may read it.</exception>
    public static RootKey Load(string path)
    {
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, BufferSize = 0 });
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & Others) != 0)
            throw new IOException($"{path} holds the root key and others than its owner may use it; run: chmod 600 {path}");
        if (file.Length != RootKey.Size)
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"{path} has {file.Length} bytes; a root key file has 32."));

        Span<byte> bytes = stackalloc byte[RootKey.Size];
        try
        {
            file.ReadExactly(bytes);
            return new RootKey(bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
