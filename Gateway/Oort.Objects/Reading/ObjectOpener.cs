using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>Finds and pins what a range of a version needs.</summary>
internal sealed class ObjectOpener(DataPath path)
{
    /// <summary>Data ids asked for at a time, so that no query grows with the object.</summary>
    private const int LocateCount = 500;

    /// <summary>
    /// What one located segment or data id costs in memory, in bytes, charged to the budget while the version is open: the largest
    /// object, 5 TiB, has 81,920 segments, so that a whole read of it holds some 40 MiB.
    /// </summary>
    private const int LocatedSize = 512;

    /// <summary>Below this many segments and data ids the charge is not worth its bookkeeping.</summary>
    private const int LocatedFreeCount = 16;

    /// <summary>Opens the bytes offset … offset + length − 1.</summary>
    /// <param name="places">Where the data lies, as it was found with the version; default where it has to be looked up.</param>
    /// <param name="customer">The customer's key where the data has one; it must live as long as the reader.</param>
    /// <exception cref="VersionGoneException">Its data has been dropped: the version was deleted or replaced meanwhile.</exception>
    public async ValueTask<DataReader> OpenAsync(ImmutableArray<Extent> extents, ImmutableArray<DataLocation> places, long offset, long length, InnerKey? customer, CancellationToken cancellationToken)
    {
        var data = new Dictionary<DataId, OpenData>();
        var segments = new Dictionary<SegmentId, OpenSegment>();
        var isFull = true;
        var use = path.Eras.Begin();
        try
        {
            if (places.IsDefault)
            {
                await foreach (var location in LocateAsync(extents, offset, length, cancellationToken)) await AddAsync(location);
            }
            else
            {
                foreach (var location in Among(places, Needed(extents, offset, length))) await AddAsync(location);
            }

            var reserved = data.Count + segments.Count <= LocatedFreeCount ? 0 : (data.Count + segments.Count) * (long)LocatedSize;
            if (reserved > 0) await path.Buffers.Budget.AcquireAsync(reserved, MemoryBudget.AdmissionWait, cancellationToken);
            return new DataReader(path, extents, data, segments, path.Pins.Pin([.. segments.Keys]), use, reserved) { Durability = DurabilityNames.Of(isFull) };
        }
        catch
        {
            use.Dispose();
            throw;
        }

        async ValueTask AddAsync(DataLocation location)
        {
            if (!path.Keyring.HasKeyVersion(location.Data.KeyVersion)) await FindKeyAsync(location.Data, cancellationToken);
            if (location.Data.Nesting is { } nesting) await FindNamedKeyAsync(location.Data, nesting, cancellationToken);
            data[location.Data.Id] = new OpenData(path, location.Data, customer);
            foreach (var row in location.Segments.Values)
            {
                isFull &= row.IsFull;
                if (!segments.ContainsKey(row.Id)) segments.Add(row.Id, new OpenSegment(path, row));
            }
        }
    }

    /// <summary>Its data key is under a key-encryption key that is not here: destroyed, or made by another gateway a moment ago.</summary>
    /// <exception cref="VersionGoneException">It has been wrapped anew since it was found; the next look finds it.</exception>
    /// <exception cref="ObjectUnavailableException">The new key is on no store that can be reached.</exception>
    private async ValueTask FindKeyAsync(DataRow row, CancellationToken cancellationToken)
    {
        if (row.KeyVersion < path.Keyring.CurrentKeyVersion) throw new VersionGoneException("The version's data key has been wrapped anew since the version was found.");
        if (path.LearnKeysAsync is { } learn) await learn(row.KeyVersion, cancellationToken);
        if (!path.Keyring.HasKeyVersion(row.KeyVersion)) throw new ObjectUnavailableException($"Data id {row.Id} is under key version {row.KeyVersion}, which is on no store that can be reached.");
    }

    /// <exception cref="ObjectUnavailableException">Its key with a name was destroyed, or is on no store that can be reached.</exception>
    private async ValueTask FindNamedKeyAsync(DataRow row, DataNesting nesting, CancellationToken cancellationToken)
    {
        if (nesting.Kind != (int)InnerKeyKind.Named || path.Keyring.HasNamedKey(nesting.Name, nesting.Version)) return;
        if (path.LearnNamedKeysAsync is { } learn) await learn(cancellationToken);
        if (!path.Keyring.HasNamedKey(nesting.Name, nesting.Version)) throw new ObjectUnavailableException($"Data id {row.Id} is under version {nesting.Version} of the key \"{nesting.Name}\", which was destroyed or is on no store that can be reached.");
    }

    /// <summary>Where the data of a range of extents lies, each data id once.</summary>
    /// <exception cref="VersionGoneException">Some of it has been dropped.</exception>
    public async IAsyncEnumerable<DataLocation> LocateAsync(ImmutableArray<Extent> extents, long offset, long length, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var ids in Needed(extents, offset, length).Chunk(LocateCount))
        {
            var found = await path.Metadata.LocateAsync([.. ids], cancellationToken);
            if (found.Length < ids.Length) throw Gone();
            foreach (var location in found) yield return location;
        }
    }

    /// <summary>Those of a few places that are needed.</summary>
    /// <exception cref="VersionGoneException">One is not among them.</exception>
    public static IEnumerable<DataLocation> Among(ImmutableArray<DataLocation> places, IEnumerable<DataId> needed) =>
        needed.Select(id => places.FirstOrDefault(place => place.Data.Id == id) ?? throw Gone());

    private static VersionGoneException Gone() => new("The version's data was dropped before the version could be opened.");

    /// <summary>Data ids of the extents that a range touches, each once.</summary>
    private static List<DataId> Needed(ImmutableArray<Extent> extents, long offset, long length)
    {
        var needed = new List<DataId>();
        var seen = new HashSet<DataId>();
        var begin = 0L;
        foreach (var extent in extents)
        {
            if (begin < offset + length && begin + extent.Length > offset && seen.Add(extent.Data)) needed.Add(extent.Data);
            begin += extent.Length;
        }
        return needed;
    }
}
