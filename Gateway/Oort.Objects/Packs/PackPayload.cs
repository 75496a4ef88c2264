namespace Oort.Objects.Packs;

/// <summary>A pack's payload, read once from its beginning: the bodies at their offsets, zeros between them.</summary>
internal sealed class PackPayload(List<PackEntry> entries, int[] offsets)
{
    private int position;
    private int index;

    public void CopyNext(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int count;
            if (position < offsets[index])
            {
                count = Math.Min(offsets[index] - position, destination.Length);
                destination[..count].Clear();
            }
            else
            {
                var rest = entries[index].Content.Span[(position - offsets[index])..];
                count = Math.Min(rest.Length, destination.Length);
                rest[..count].CopyTo(destination);
                if (count == rest.Length) index++;
            }
            position += count;
            destination = destination[count..];
        }
    }
}
