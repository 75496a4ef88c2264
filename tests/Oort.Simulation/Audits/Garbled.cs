using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Objects.Shards;

namespace Oort.Simulation.Audits;

/// <summary>Shards that a disk has lost without knowing it: where they were, it reads other bytes.</summary>
internal static class Garbled
{
    /// <summary>Finds shards on a disk by their headers and overwrites each, behind the back of the store that has it.</summary>
    /// <returns>How many there were.</returns>
    public static int Garble(this RecordingDisk disk, HashSet<ShardId> shards, Random random)
    {
        var count = 0;
        foreach (var path in disk.Paths.Where(path => path.StartsWith("volumes/", StringComparison.Ordinal)))
        {
            var content = disk.GetFile(path)!;
            var before = count;
            for (var at = 0; content.AsSpan(at).IndexOf(ShardHeader.Magic) is >= 0 and var skipped;)
            {
                at += skipped;
                if (ShardHeader.Parse(content.AsSpan(at), out var header) == ShardHeaderOutcome.Ok && shards.Contains(header.Id))
                {
                    random.NextBytes(content.AsSpan(at, (int)header.Layout.ShardLength));
                    count++;
                }

                at++;
            }

            if (count > before) disk.SetFile(path, content);
        }

        return count;
    }
}
