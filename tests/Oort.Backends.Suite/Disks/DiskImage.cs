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
            case DiskOperationKind.Rename:
                // By the file's number: what the old name stands for may be older than the file that was renamed.
                RemoveName(operation);
                Names[operation.NewPath] = operation.File;
                break;
            case DiskOperationKind.Delete:
                RemoveName(operation);
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
        if (content.Length == length && Files.ContainsKey(file))
            return;
        Array.Resize(ref content, (int)length);
        Files[file] = content;
    }

    private void RemoveName(DiskOperation operation)
    {
        if (Names.TryGetValue(operation.Path, out var file) && file == operation.File)
            Names.Remove(operation.Path);
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
