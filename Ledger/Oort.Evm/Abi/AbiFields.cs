namespace Oort.Evm;

/// <summary>The types of values that share one head: fields of a tuple, or elements of an array.</summary>
internal readonly struct AbiFields
{
    private readonly AbiType[]? components;
    private readonly AbiType? element;

    public AbiFields(AbiType[] components) => (this.components, Count) = (components, components.Length);

    public AbiFields(AbiType element, int count) => (this.element, Count) = (element, count);

    public int Count { get; }

    public AbiType this[int index] => element ?? components![index];

    public long HeadSize => element is not null ? (long)Count * element.HeadSize : components!.Sum(component => (long)component.HeadSize);
}
