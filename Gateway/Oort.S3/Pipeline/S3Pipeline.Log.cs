using Microsoft.Extensions.Logging;

namespace Oort.S3;

/// <summary>Log messages.</summary>
public sealed partial class S3Pipeline
{
    [LoggerMessage(EventId = 1, EventName = "Access", Message = "{RequestId} {Operation} {Bucket}/{Key} by {AccessKeyId}: {Status} {ErrorCode}, {BytesReceived} bytes in, {BytesSent} bytes out, {Milliseconds:F1} ms")]
    private static partial void LogAccess(ILogger logger, LogLevel level, string requestId, S3Operation operation, string? bucket, string? key, string? accessKeyId, int status, string? errorCode, long bytesReceived, long bytesSent, double milliseconds);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "{RequestId} {Operation} failed; the client gets InternalError")]
    private static partial void LogInternal(ILogger logger, string requestId, S3Operation operation, Exception exception);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "{RequestId} {Operation} failed; the client gets {ErrorCode}")]
    private static partial void LogMapped(ILogger logger, string requestId, S3Operation operation, string errorCode, Exception exception);

    /// <summary>Without the stack: under overload there are hundreds of these a second, and they say the same.</summary>
    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "{RequestId} {Operation} is sent away with SlowDown: {Reason}")]
    private static partial void LogSentAway(ILogger logger, string requestId, S3Operation operation, string reason);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "{RequestId} {Operation} failed with {ErrorCode} after a part of its answer was sent; the connection is closed")]
    private static partial void LogCutOff(ILogger logger, string requestId, S3Operation operation, string errorCode, Exception exception);
}
