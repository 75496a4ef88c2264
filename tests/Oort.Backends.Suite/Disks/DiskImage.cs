namespace Oort.Backends.Suite;

/// <summary>Content of a disk: files by number, and names.</summary>
internal sealed class DiskImage
{
    private const int SectorSize = 512;

    public Dictionary<int, FileContent> Files { get; } = [];

    public Dictionary<string, int> Names { get; } = new(StringComparer.Ordinal);

    public DiskImage Copy()
    {
        var copy = new DiskImage();
        foreach (var (file, content) in Files)
            copy.Files[file] = content.Copy();
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

    public void SetLength(int file, long length) => Open(file).SetLength((int)length);

    private void RemoveName(DiskOperation operation)
    {
        if (Names.TryGetValue(operation.Path, out var file) && file == operation.File)
            Names.Remove(operation.Path);
    }

    /// <summary>A file that has a name and never got content is empty.</summary>
    public void FillFiles()
    {
        foreach (var file in Names.Values)
            Open(file);
    }

    private void Write(int file, long offset, ReadOnlySpan<byte> bytes) => Open(file).Write((int)offset, bytes);

    private FileContent Open(int file)
    {
        if (!Files.TryGetValue(file, out var content))
            Files[file] = content = new();
        return content;
    }
}

/// <summary>The bytes of a file; zeros where nothing was written.</summary>
internal sealed class FileContent
{
    private byte[] _buffer = [];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

    public FileContent Copy() => new() { _buffer = Bytes.ToArray(), Length = Length };

    public void SetLength(int length)
    {
        // What grows by small pieces is not copied for each.
        if (length > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(length, (int)Math.Min(Array.MaxLength, Length * 3L / 2)));
        if (length < Length)
            Array.Clear(_buffer, length, Length - length);
        Length = length;
    }

    public void Write(int offset, ReadOnlySpan<byte> bytes)
    {
        if (Length < offset + bytes.Length)
            SetLength(offset + bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(offset));
    }
}
