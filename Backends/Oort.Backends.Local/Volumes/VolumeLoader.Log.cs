using Microsoft.Extensions.Logging;

namespace Oort.Backends.Local;

internal sealed partial class VolumeLoader
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The file volumes/{Name} is not a volume; it is left alone.")]
    private static partial void LogForeignFile(ILogger logger, string name);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} has neither a header nor a readable group; it is left alone.")]
    private static partial void LogHeaderless(ILogger logger, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The checkpoint of the index is damaged; the index is rebuilt from the volumes.")]
    private static partial void LogIndexDamaged(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} shards of the last group of volume {Volume} were not whole and are dropped; they had not been acknowledged, or have been damaged since.")]
    private static partial void LogUnfinished(ILogger logger, uint volume, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The checkpoint of the index does not fit the volumes; the index is rebuilt from them.")]
    private static partial void LogIndexForeign(ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} shards are lost: volume {Volume}, where they lie, is missing or cut short. They read as not found.")]
    private static partial void LogLost(ILogger logger, long count, uint volume);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Volume {Volume} ends with an unfinished group at {Offset}, which is cut off.")]
    private static partial void LogTail(ILogger logger, uint volume, long offset);

    [LoggerMessage(Level = LogLevel.Error, Message = "Volume {Volume} is damaged at {Offset} for {Length} bytes; groups behind it are good and used.")]
    private static partial void LogDamage(ILogger logger, uint volume, long offset, long length);
}
