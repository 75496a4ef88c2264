using System.Buffers.Binary;
using System.Collections.Immutable;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>Wrapped keys: replaced, and forgotten for good.</summary>
internal static class KeyCommands
{
    public static ImmutableArray<bool> Rewrap(WriteSession session, ImmutableArray<DataRewrap> keys)
    {
        if (keys.Length > MetadataLimits.RewrapCountMax) throw new ArgumentException($"At most {MetadataLimits.RewrapCountMax} keys are replaced at a time.");
        if (keys.Select(key => key.Data).Distinct().Count() != keys.Length) throw new ArgumentException("The key of a data id is replaced twice.");
        var present = keys.Select(key => session.Tables.Data.Find(key.Data) is { } row && row.KeyVersion == key.ExpectedVersion ? row : null).ToArray();
        if (Array.TrueForAll(present, row => row is null)) return [.. present.Select(_ => false)];
        session.StartWriting();
        for (var i = 0; i < keys.Length; i++)
            if (present[i] is { } row) session.RewrapData(row with { KeyVersion = keys[i].KeyVersion, WrappedKey = keys[i].WrappedKey });
        return [.. present.Select(row => row is not null)];
    }

    public static bool PutShredded(WriteSession session, ulong generation, DateTimeOffset forgetBefore)
    {
        var value = new byte[sizeof(ulong) + sizeof(long)];
        BinaryPrimitives.WriteUInt64BigEndian(value, generation);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(sizeof(ulong)), session.Now.ToUnixTimeMilliseconds());
        session.StartWriting();
        session.PutSetting(MetadataLimits.ShreddedSetting, value);
        session.Tables.Data.ForgetGone(generation, forgetBefore);
        return true;
    }
}
