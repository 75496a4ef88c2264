using Oort.S3.Client;

namespace Oort.Cli.Export;

/// <summary>Where an export goes.</summary>
internal interface IExportTarget : IAsyncDisposable
{
    /// <summary>Copies an object, unless the same one is there already; its bytes were held against its ETag or checksum when this returns.</summary>
    /// <returns>False: it was there.</returns>
    Task<bool> CopyAsync(S3Item item, CancellationToken cancellationToken);
}

/// <summary>An object that was not exported.</summary>
internal sealed record ExportFailure(string Key, string Message);

/// <summary>What an export did.</summary>
/// <param name="Present">Objects that were at the target already, the same.</param>
/// <param name="Failures">The first of those that failed.</param>
internal sealed record ExportReport(long Copied, long Present, long Failed, long Bytes, IReadOnlyList<ExportFailure> Failures);
