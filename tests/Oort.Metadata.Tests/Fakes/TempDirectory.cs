namespace Oort.Metadata.Tests.Fakes;

/// <summary>A directory for one test, deleted at its end.</summary>
internal sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("oort-metadata-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Copies a database as it lies on disk now, with its write-ahead log: what a crash at this moment leaves.</summary>
    public void CopyDatabase(string from, string to)
    {
        foreach (var suffix in new[] { "", "-wal" })
            if (System.IO.File.Exists(File(from + suffix))) System.IO.File.Copy(File(from + suffix), File(to + suffix), overwrite: true);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
