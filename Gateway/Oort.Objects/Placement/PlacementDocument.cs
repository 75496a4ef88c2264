using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Metadata;

namespace Oort.Objects.Placement;

/// <summary>Which policy holds for what.</summary>
/// <param name="Bucket">Of one bucket; null: of all.</param>
/// <param name="BucketName">The bucket's name, for people.</param>
/// <param name="StorageClass">Of objects of that class; null: of all.</param>
/// <param name="Policy">Name of a policy in the document.</param>
public sealed record PolicyAssignment(BucketId? Bucket, string? BucketName, string? StorageClass, string Policy);

/// <summary>A placement document cannot be read, or must not be stored.</summary>
public class PlacementPolicyException(string message) : Exception(message);

/// <summary>The policies are not those that the change was made for: another gateway, or another caller, was faster. Nothing has changed.</summary>
public sealed class PlacementConflictException(string message) : PlacementPolicyException(message);

/// <summary>All policies and assignments of a cluster: one setting, so that they change together (docs/formats/placement-policy.md).</summary>
/// <param name="Revision">Counts the changes.</param>
public sealed record PlacementDocument(long Revision, ImmutableSortedDictionary<string, PlacementPolicy> Policies, ImmutableArray<PolicyAssignment> Assignments)
{
    /// <summary>Name of the setting that holds it.</summary>
    public const string SettingName = "placement";

    /// <summary>The first byte of the setting, where no policy names networks.</summary>
    public const byte Version = 1;

    /// <summary>The first byte of the setting, where one does, and none names stores.</summary>
    public const byte NetworksVersion = 2;

    /// <summary>The first byte of the setting, where a policy names stores.</summary>
    public const byte StoresVersion = 4;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    /// <summary>Policies beside the default one: each has its packs, so many make small objects slow.</summary>
    public const int PolicyCountMax = 64;

    public const int AssignmentCountMax = 4096;

    /// <summary>What holds while nothing was ever set.</summary>
    public static PlacementDocument Empty { get; } = new(0, ImmutableSortedDictionary<string, PlacementPolicy>.Empty.WithComparers(StringComparer.Ordinal), []);

    /// <summary>How policies are read and written, in the setting and in the admin API: camel case, no field that is not known.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new BucketIdConverter() },
    };

    /// <summary>The policy of a name, as it is or, where there is none of that name, the default one.</summary>
    /// <param name="name">As segments carry it, or in full.</param>
    public PlacementPolicy PolicyOf(string name) => Policies.GetValueOrDefault(name.Length == 0 ? PlacementPolicy.DefaultName : name) ?? Policies.GetValueOrDefault(PlacementPolicy.DefaultName) ?? PlacementPolicy.Default;

    /// <summary>The policy of new objects: the bucket's for the class, else the bucket's, else the class's, else the default one.</summary>
    public PlacementPolicy PolicyFor(BucketId bucket, string storageClass)
    {
        var (best, rank) = ("", -1);
        foreach (var assignment in Assignments)
        {
            if ((assignment.Bucket is { } one && one != bucket) || (assignment.StorageClass is { } name && name != storageClass)) continue;
            var found = (assignment.Bucket is null ? 0 : 2) + (assignment.StorageClass is null ? 0 : 1);
            if (found > rank) (best, rank) = (assignment.Policy, found);
        }

        return PolicyOf(best);
    }

    /// <exception cref="PlacementPolicyException">It breaks a rule; says which.</exception>
    public PlacementDocument Checked()
    {
        if (Revision < 0) throw new PlacementPolicyException("The revision is negative.");
        if (Policies.Keys.Count(name => name != PlacementPolicy.DefaultName) > PolicyCountMax) throw new PlacementPolicyException($"There are more than {PolicyCountMax} policies.");
        if (Assignments.Length > AssignmentCountMax) throw new PlacementPolicyException($"There are more than {AssignmentCountMax} assignments.");
        foreach (var policy in Policies.Values)
            if (PolicyRules.Problems(policy).FirstOrDefault() is { } problem) throw new PlacementPolicyException(problem);
        foreach (var assignment in Assignments)
            if (assignment.Policy != PlacementPolicy.DefaultName && !Policies.ContainsKey(assignment.Policy)) throw new PlacementPolicyException($"There is no placement policy {assignment.Policy}.");
        if (Assignments.Select(assignment => (assignment.Bucket, assignment.StorageClass)).Distinct().Count() != Assignments.Length) throw new PlacementPolicyException("A bucket and class are assigned twice.");
        return this;
    }

    /// <summary>The setting's bytes.</summary>
    public byte[] Encode() => [VersionOf(Policies.Values), .. JsonSerializer.SerializeToUtf8Bytes(new Stored(Revision, [.. Policies.Values], Assignments), Json)];

    /// <exception cref="PlacementPolicyException">Damaged, or of a newer program.</exception>
    public static PlacementDocument Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] is not (Version or NetworksVersion or StoresVersion)) throw new PlacementPolicyException("The placement policies were written by a newer version of this program, or are damaged.");
        try
        {
            var stored = JsonSerializer.Deserialize<Stored>(setting[DocumentOffset..], Json) ?? throw new JsonException("It is null.");
            if (stored.Policies.IsDefault || stored.Assignments.IsDefault || stored.Policies.Any(policy => policy is null) || stored.Assignments.Any(one => one?.Policy is null)) throw new JsonException("A list is missing.");
            if (stored.Policies.DistinctBy(policy => policy.Name).Count() != stored.Policies.Length) throw new JsonException("A policy is there twice.");
            if (setting[0] < NetworksVersion && stored.Policies.Any(policy => policy.NetworkShares is not null)) throw new JsonException("This version has no networks.");
            if (setting[0] < StoresVersion && stored.Policies.Any(policy => policy.StoreFilter is not null)) throw new JsonException("This version names no stores.");
            return new PlacementDocument(stored.Revision, stored.Policies.ToImmutableSortedDictionary(policy => policy.Name, policy => policy, StringComparer.Ordinal), stored.Assignments).Checked();
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException)
        {
            throw new PlacementPolicyException($"The placement policies cannot be read: {failure.Message}");
        }
    }

    /// <summary>The oldest version that has all that the policies say.</summary>
    private static byte VersionOf(IEnumerable<PlacementPolicy> policies) =>
        policies.Any(policy => policy.StoreFilter is not null) ? StoresVersion : policies.Any(policy => policy.NetworkShares is not null) ? NetworksVersion : Version;

    private sealed record Stored(long Revision, ImmutableArray<PlacementPolicy> Policies, ImmutableArray<PolicyAssignment> Assignments);

    /// <summary>A bucket's id as a decimal number in text: JSON numbers have 53 bits.</summary>
    private sealed class BucketIdConverter : JsonConverter<BucketId>
    {
        public override BucketId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            ulong.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? new(value) : throw new JsonException("A bucket id is a decimal number in text.");

        public override void Write(Utf8JsonWriter writer, BucketId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value.ToString(CultureInfo.InvariantCulture));
    }
}
