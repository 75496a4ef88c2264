using Oort.Backends.Suite;
using Shouldly;

namespace Oort.Backends.Tests.Local;

/// <summary>What was asked of a store on a <see cref="RecordingDisk"/> and when it was acknowledged, to say what may be found after a crash at any operation.</summary>
internal sealed class CrashHistory(RecordingDisk disk)
{
    private readonly Lock _lock = new();
    private readonly List<Change> _changes = [];

    /// <summary>Runs a change and notes between which operations it happened. Two changes of one key never run at the same time.</summary>
    /// <param name="key">What is changed: a shard, a blob, a log.</param>
    /// <param name="content">What it is afterwards; null: gone.</param>
    public async Task RunAsync(string key, byte[]? content, Func<Task> change)
    {
        var entry = new Change(key, content, disk.OperationCount);
        lock (_lock)
            _changes.Add(entry);
        await change();
        entry.Acknowledged = disk.OperationCount;
    }

    /// <summary>Every key that was ever changed.</summary>
    public IEnumerable<string> Keys => _changes.Select(change => change.Key).Distinct();

    /// <summary>Fails unless <paramref name="found"/> is what a crash behind <paramref name="count"/> operations may leave of a key.</summary>
    public void Check(string key, byte[]? found, int count, string crash)
    {
        byte[]? settled = null;
        var allowed = new List<byte[]?>();
        foreach (var change in _changes.Where(change => change.Key == key))
        {
            if (change.Acknowledged <= count)
            {
                settled = change.Content;
                allowed.Clear();
            }
            else if (change.Begun < count)
            {
                allowed.Add(change.Content);
            }
        }

        allowed.Add(settled);
        allowed.Any(content => Same(content, found)).ShouldBeTrue(
            $"{crash}: {key} is {Describe(found)}, and should be {string.Join(" or ", allowed.Select(Describe))}.");
    }

    private static bool Same(byte[]? a, byte[]? b) => a is null ? b is null : b is not null && a.AsSpan().SequenceEqual(b);

    private static string Describe(byte[]? content) => content is null ? "absent" : $"{content.Length} bytes beginning {Convert.ToHexString(content.AsSpan(0, Math.Min(4, content.Length)))}";

    private sealed class Change(string key, byte[]? content, int begun)
    {
        public string Key => key;

        public byte[]? Content => content;

        public int Begun => begun;

        public int Acknowledged { get; set; } = int.MaxValue;
    }
}
