using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Oort.Node;

/// <summary>Counts the changes of blobs and logs, so that a request which was delayed past its repetition is known (docs/formats/node-protocol.md §3).</summary>
/// <remarks>
/// A bounded number of counters, each for the names of one hash: a change of another name of the same hash makes a caller ask once more, and does nothing else.
/// They begin anew with the process, under a new salt: no request outlives the connection it came by.
/// </remarks>
internal sealed class NameStates : IDisposable
{
    private const int SlotCount = 256;

    private readonly Slot[] _slots = [.. Enumerable.Range(0, SlotCount).Select(_ => new Slot())];
    private readonly ulong _salt = BinaryPrimitives.ReadUInt64BigEndian(RandomNumberGenerator.GetBytes(8));

    /// <summary>The state of a name. Read before the thing itself: then it is at worst out of date, and refused.</summary>
    public string Of(string folder, string name) => Text(Volatile.Read(ref SlotOf(folder, name).Changes));

    /// <summary>Waits until nobody else changes a name of the same hash.</summary>
    public async ValueTask<Turn> EnterAsync(string folder, string name, CancellationToken cancellationToken)
    {
        var slot = SlotOf(folder, name);
        await slot.Gate.WaitAsync(cancellationToken);
        return new(this, slot);
    }

    public void Dispose()
    {
        foreach (var slot in _slots) slot.Dispose();
    }

    private Slot SlotOf(string folder, string name) => _slots[(uint)HashCode.Combine(folder, name) % SlotCount];

    private string Text(ulong changes) => string.Create(CultureInfo.InvariantCulture, $"{_salt:x16}{changes:x16}");

    internal sealed class Slot : IDisposable
    {
        public readonly SemaphoreSlim Gate = new(1, 1);
        public ulong Changes;

        public void Dispose() => Gate.Dispose();
    }

    /// <summary>The right to change a name; ends by disposing.</summary>
    public readonly struct Turn(NameStates states, Slot slot) : IDisposable
    {
        /// <summary>The present state.</summary>
        public string State => states.Text(slot.Changes);

        /// <summary>To be called before the change is tried: also one that fails half-way is one.</summary>
        public void Changing() => Interlocked.Increment(ref slot.Changes);

        public void Dispose() => slot.Gate.Release();
    }
}
