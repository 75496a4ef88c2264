namespace Oort.Gateway;

/// <summary>Small files that only their owner may read.</summary>
internal static class PrivateFile
{
    /// <summary>Writes beside, syncs, and renames over: a crash leaves the old file or the new one.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var beside = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(beside, options))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: true);
    }
}
