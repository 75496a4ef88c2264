using System.Collections.Immutable;
using Oort.Metadata.Deciding;
using Oort.Metadata.Sqlite.Reading;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite;

/// <summary>For those who act by age.</summary>
public sealed partial class SqliteMetadataStore
{
    public ValueTask<ImmutableArray<VersionWindow>> ListAgedVersionsAsync(AgedVersionsQuery query, CancellationToken cancellationToken) =>
        ReadAsync(Scope.ObjectsIn(query.Bucket), tables => ReaderPool.InSnapshot(tables, snapshot => snapshot.Ages.Versions(query)), cancellationToken);

    public ValueTask<VersionWindow?> FindWindowAsync(BucketId bucket, string key, ulong generation, int newer, int older, CancellationToken cancellationToken) =>
        ReadAsync(Scope.Key(bucket, VersionCommands.KeyBytes(key)), tables => ReaderPool.InSnapshot(tables, snapshot => snapshot.Ages.Window(bucket, key, generation, newer, older)), cancellationToken);

    public ValueTask<ImmutableArray<UploadRow>> ListAgedUploadsAsync(AgedUploadsQuery query, CancellationToken cancellationToken) =>
        ReadAsync(Scope.UploadsIn(query.Bucket), tables => tables.Ages.Uploads(query), cancellationToken);

    public ValueTask<ImmutableArray<Revisit>> ListRevisitsAsync(BucketId bucket, DateTimeOffset until, int limit, CancellationToken cancellationToken) =>
        ReadAsync(Scope.ObjectsIn(bucket), tables => tables.Revisits.List(bucket, until.ToUnixTimeMilliseconds(), limit), cancellationToken);

    public async ValueTask<ulong?> FindRevisitStampAsync(BucketId bucket, CancellationToken cancellationToken) =>
        await ReadStoredAsync(tables => tables.Revisits.FindStamp(bucket), cancellationToken);

    public ValueTask<bool> AdvanceAgesAsync(AdvanceAges command, CancellationToken cancellationToken) => Writer.SubmitAsync(session => AgeCommands.Advance(session, command), cancellationToken);
}
