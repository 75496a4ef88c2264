using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>How far those are who act by age, and what they are to look at again.</summary>
internal static class AgeCommands
{
    public static bool Advance(WriteSession session, AdvanceAges command)
    {
        if (!session.ReplaceSettings(AgeSettings.Progress(command.Bucket), command.Expected, command.Progress, [])) return false;
        var revisits = session.Tables.Revisits;
        if (command.Progress is null || command.Stamp is not null) revisits.RemoveAll(command.Bucket);
        if (command.Progress is null) return true;
        if (command.Stamp is { } stamp) revisits.PutStamp(command.Bucket, stamp);
        foreach (var one in command.Done) revisits.Remove(command.Bucket, one);
        foreach (var one in command.Later) revisits.Add(command.Bucket, one);
        return true;
    }
}
