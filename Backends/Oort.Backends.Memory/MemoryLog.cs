namespace Oort.Backends.Memory;

/// <summary>A growing run of bytes. At most int.MaxValue of them: a log that long does not belong in memory.</summary>
internal sealed class MemoryLog
{
    private byte[] _bytes = [];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Content => _bytes.AsSpan(0, Length);

    /// <summary>Cuts back to <paramref name="offset"/> and appends.</summary>
    public void Write(int offset, ReadOnlySpan<byte> content)
    {
        var length = checked(offset + content.Length);
        if (length > _bytes.Length)
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(length, 2L * _bytes.Length)));
        content.CopyTo(_bytes.AsSpan(offset));
        Length = length;
    }
}
