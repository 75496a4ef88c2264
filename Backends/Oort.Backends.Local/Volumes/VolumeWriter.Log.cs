using Microsoft.Extensions.Logging;

namespace Oort.Backends.Local;

internal sealed partial class VolumeWriter
{
    [LoggerMessage(Level = LogLevel.Critical, Message = "The writer stopped unexpectedly; the store takes no more writes.")]
    private static partial void LogStopped(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Volume {Volume} could not be written or synced; the store takes no writes until it is opened again.")]
    private static partial void LogPoisoned(ILogger logger, uint volume, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The failed group could not be cut off volume {Volume}.")]
    private static partial void LogCutFailed(ILogger logger, uint volume, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Volume {Volume} could not be cut to its length; it keeps some unused space.")]
    private static partial void LogSealFailed(ILogger logger, uint volume, Exception exception);
}
