using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Oort.Backends.Suite;

namespace Oort.Simulation.Machines;

/// <summary>What SQLite has written and synced, file by file, so that a power cut can take what was not synced.</summary>
/// <remarks>
/// The files stay real. SQLite reaches them through a table of functions for each open file (https://sqlite.org/vfs.html); in those of the process's own file system, open is exchanged
/// for one that gives each database and log a table whose write, truncate, sync and close are noted here and then done as before.
/// </remarks>
internal static unsafe partial class SqliteFiles
{
    private const string Library = "e_sqlite3";
    private const int MainDatabase = 0x100;
    private const int MainJournal = 0x800;
    private const int Log = 0x80000;

    private static readonly Lock gate = new();
    private static readonly Dictionary<string, Content> contents = new(StringComparer.Ordinal);
    private static readonly Dictionary<nint, Content> opened = [];
    private static readonly Dictionary<nint, nint> noted = [];
    private static readonly Dictionary<nint, nint> originals = [];
    private static FileSystem* system;
    private static delegate* unmanaged[Cdecl]<FileSystem*, byte*, Handle*, int, int*, int> open;
    private static delegate* unmanaged[Cdecl]<FileSystem*, byte*, int, int> delete;

    /// <summary>From now on what SQLite writes is noted. Before a database is opened; again without effect.</summary>
    public static void Watch()
    {
        lock (gate)
        {
            if (system is not null) return;
            system = Find("unix-excl");
            if (system is null) throw new InvalidOperationException("SQLite has no file system unix-excl, which the product uses.");
            open = system->Open;
            delete = system->Delete;
            system->Open = &Open;
            system->Delete = &Delete;
        }
    }

    /// <summary>Copies a folder as a crash leaves it. Files that are not SQLite's are written durably by the product, and stay.</summary>
    /// <param name="mode">What becomes of writes that were not synced; those that a killed process made stay.</param>
    public static void Copy(string folder, string copy, CrashMode mode, Random random)
    {
        Directory.CreateDirectory(copy);
        foreach (var path in Directory.GetFiles(folder).Order(StringComparer.Ordinal))
        {
            var target = Path.Combine(copy, Path.GetFileName(path));
            lock (gate)
            {
                if (contents.TryGetValue(path, out var content)) File.WriteAllBytes(target, content.After(mode, random));
                else File.Copy(path, target);
            }
        }
    }

    /// <summary>Forgets the files below a folder; those that are still open are not noted any more.</summary>
    public static void Forget(string folder)
    {
        lock (gate)
        {
            foreach (var path in contents.Keys.Where(path => path.StartsWith(folder, StringComparison.Ordinal)).ToList()) contents.Remove(path);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(FileSystem* self, byte* name, Handle* file, int flags, int* outFlags)
    {
        var code = open(self, name, file, flags, outFlags);
        if (code != 0 || name is null || (flags & (MainDatabase | MainJournal | Log)) == 0) return code;
        lock (gate)
        {
            var path = Marshal.PtrToStringUTF8((nint)name)!;
            if (!contents.TryGetValue(path, out var content)) contents[path] = content = new(File.ReadAllBytes(path));
            opened[(nint)file] = content;
            file->Functions = (Functions*)Noted((nint)file->Functions);
        }

        return code;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Delete(FileSystem* self, byte* name, int syncFolder)
    {
        lock (gate) contents.Remove(Marshal.PtrToStringUTF8((nint)name)!);
        return delete(self, name, syncFolder);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Close(Handle* file)
    {
        var original = Original(file);
        lock (gate) opened.Remove((nint)file);
        return original->Close(file);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(Handle* file, byte* bytes, int count, long offset)
    {
        var code = Original(file)->Write(file, bytes, count, offset);
        if (code != 0) return code;
        lock (gate) opened[(nint)file].Write(offset, new ReadOnlySpan<byte>(bytes, count).ToArray());
        return code;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(Handle* file, long length)
    {
        var code = Original(file)->Truncate(file, length);
        if (code != 0) return code;
        lock (gate) opened[(nint)file].Write(length, null);
        return code;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(Handle* file, int flags)
    {
        var code = Original(file)->Sync(file, flags);
        if (code != 0) return code;
        lock (gate) opened[(nint)file].Sync();
        return code;
    }

    /// <summary>The table that notes, for one that does not: SQLite has a few, by kind of file, and they live as long as the process.</summary>
    private static nint Noted(nint functions)
    {
        if (noted.TryGetValue(functions, out var present)) return present;
        var mine = (Functions*)NativeMemory.Alloc((nuint)sizeof(Functions));
        *mine = *(Functions*)functions;
        mine->Close = &Close;
        mine->Write = &Write;
        mine->Truncate = &Truncate;
        mine->Sync = &Sync;
        noted[functions] = (nint)mine;
        originals[(nint)mine] = functions;
        return (nint)mine;
    }

    private static Functions* Original(Handle* file)
    {
        lock (gate) return (Functions*)originals[(nint)file->Functions];
    }

    [LibraryImport(Library, EntryPoint = "sqlite3_vfs_find", StringMarshalling = StringMarshalling.Utf8)]
    private static partial FileSystem* Find(string name);

    /// <summary>sqlite3_vfs, as far as it is used, on a machine with pointers of 64 bits.</summary>
    [StructLayout(LayoutKind.Explicit)]
    private struct FileSystem
    {
        [FieldOffset(40)]
        public delegate* unmanaged[Cdecl]<FileSystem*, byte*, Handle*, int, int*, int> Open;

        [FieldOffset(48)]
        public delegate* unmanaged[Cdecl]<FileSystem*, byte*, int, int> Delete;
    }

    /// <summary>The beginning of sqlite3_file.</summary>
    private struct Handle
    {
        public Functions* Functions;
    }

    /// <summary>sqlite3_io_methods, version 3: a number and 18 functions.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 19 * 8)]
    private struct Functions
    {
        [FieldOffset(8)]
        public delegate* unmanaged[Cdecl]<Handle*, int> Close;

        [FieldOffset(24)]
        public delegate* unmanaged[Cdecl]<Handle*, byte*, int, long, int> Write;

        [FieldOffset(32)]
        public delegate* unmanaged[Cdecl]<Handle*, long, int> Truncate;

        [FieldOffset(40)]
        public delegate* unmanaged[Cdecl]<Handle*, int, int> Sync;
    }

    /// <summary>What a file has for sure, and what was written since.</summary>
    private sealed class Content(byte[] present)
    {
        private const int SectorSize = 512;

        private readonly List<(long Offset, byte[]? Bytes)> unsynced = [];
        private byte[] synced = present;

        /// <param name="bytes">Null: the file is cut to the offset.</param>
        public void Write(long offset, byte[]? bytes) => unsynced.Add((offset, bytes));

        public void Sync()
        {
            synced = After(CrashMode.Kept, null);
            unsynced.Clear();
        }

        /// <param name="random">For torn writes alone.</param>
        public byte[] After(CrashMode mode, Random? random)
        {
            if (mode == CrashMode.Dropped || unsynced.Count == 0) return synced;
            using var image = new MemoryStream();
            image.Write(synced);
            foreach (var (offset, bytes) in unsynced)
            {
                if (mode == CrashMode.Kept || (bytes is null && random!.Next(2) == 0)) Apply(image, offset, bytes);
                for (var at = 0; mode == CrashMode.Torn && at < bytes?.Length; at += SectorSize)
                    if (random!.Next(2) == 0) Apply(image, offset + at, bytes[at..Math.Min(bytes.Length, at + SectorSize)]);
            }

            return image.ToArray();
        }

        private static void Apply(MemoryStream image, long offset, byte[]? bytes)
        {
            if (bytes is null)
            {
                image.SetLength(offset);
                return;
            }

            image.Position = offset;
            image.Write(bytes);
        }
    }
}
