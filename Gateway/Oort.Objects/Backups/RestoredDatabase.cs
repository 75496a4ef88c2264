namespace Oort.Objects;

/// <summary>The last step of a restore: the database that it built takes the place of the present one, wholly or not at all.</summary>
/// <remarks>
/// A file of the name below is a database that is whole and durable. As long as it is there, the present one with its log is the old one and may lack parts; every start ends the exchange first.
/// </remarks>
internal static class RestoredDatabase
{
    public const string FileName = "metadata.db.restored";

    /// <summary>What is being built; worth nothing after a crash.</summary>
    public const string ScratchFileName = "metadata.db.restoring";

    /// <summary>1. The new database has its name durably: from here on there is no way back. 2. The old one's log goes, which must never be read into the new one. 3. The new one takes the old one's name.</summary>
    /// <param name="reached">For tests: called after each step.</param>
    public static void TakeOver(string dataDirectory, Action<string>? reached = null)
    {
        if (!Directory.Exists(dataDirectory)) return;
        foreach (var scratch in Directory.GetFiles(dataDirectory, ScratchFileName + "*")) File.Delete(scratch);
        var restored = Path.Combine(dataDirectory, FileName);
        if (!File.Exists(restored)) return;
        var database = Path.Combine(dataDirectory, DirectoryIdentity.DatabaseFileName);

        // 1.
        DurableFile.SyncDirectory(dataDirectory);
        reached?.Invoke("named");

        // 2.
        foreach (var suffix in new[] { "-wal", "-shm", "-journal" }) File.Delete(database + suffix);
        DurableFile.SyncDirectory(dataDirectory);
        reached?.Invoke("log gone");

        // 3.
        File.Move(restored, database, overwrite: true);
        DurableFile.SyncDirectory(dataDirectory);
        reached?.Invoke("in place");
    }
}
