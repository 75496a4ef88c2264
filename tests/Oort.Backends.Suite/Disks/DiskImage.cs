namespace Oort.Backends.Suite;

/// <summary>Content of a disk: files by number, and names.</summary>
internal sealed class DiskImage
{
    private const int SectorSize = 512;

    public Dictionary<int, byte[]> Files { get; } = [];

    public Dictionary<string, int> Names { get; } = new(StringComparer.Ordinal);

    public DiskImage Copy()
    {
        var copy = new DiskImage();
        foreach (var (file, content) in Files)
            copy.Files[file] = [.. content];
        foreach (var (name, file) in Names)
            copy.Names[name] = file;
        return copy;
    }

    /// <summary>Applies a change as if it were durable.</summary>
    public void Apply(DiskOperation operation)
    {
        switch (operation.Kind)
        {
            case DiskOperationKind.Create:
                Names[operation.Path] = operation.File;
                break;
            case DiskOperationKind.Write:
                Write(operation.File, operation.Offset, operation.Content);
                break;
            case DiskOperationKind.SetLength:
                SetLength(operation.File, operation.Offset);
                break;
            case DiskOperationKind.Rename when Names.Remove(operation.Path, out var file):
                Names[operation.NewPath] = file;
                break;
            case DiskOperationKind.Delete:
                Names.Remove(operation.Path);
                break;
            default:
                break;
        }
    }

    /// <summary>Applies the sectors of a write that <paramref name="random"/> picks.</summary>
    public void ApplyTorn(DiskOperation write, Random random)
    {
        for (var at = 0; at < write.Content!.Length;)
        {
            var end = Math.Min(write.Content.Length, at + SectorSize - (int)((write.Offset + at) % SectorSize));
            if (random.Next(2) == 0)
                Write(write.File, write.Offset + at, write.Content.AsSpan(at..end));
            at = end;
        }
    }

    public void SetLength(int file, long length)
    {
        var content = Files.GetValueOrDefault(file) ?? [];
        Array.Resize(ref content, (int)length);
        Files[file] = content;
    }

    /// <summary>A file that has a name and never got content is empty.</summary>
    public void FillFiles()
    {
        foreach (var file in Names.Values)
            Files.TryAdd(file, []);
    }

    private void Write(int file, long offset, ReadOnlySpan<byte> bytes)
    {
        if ((Files.GetValueOrDefault(file)?.Length ?? 0) < offset + bytes.Length)
            SetLength(file, offset + bytes.Length);
        bytes.CopyTo(Files[file].AsSpan((int)offset));
    }
}
