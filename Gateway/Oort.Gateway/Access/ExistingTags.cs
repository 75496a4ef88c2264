using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>The tags of the version that a request is about, where a policy asks for them (<c>s3:ExistingObjectTag</c>).</summary>
internal sealed record ExistingTags(IReadOnlyList<S3Tag> Tags)
{
    /// <summary>Operations on what is there already (Service Authorization Reference: the actions of Amazon S3 that have the key).</summary>
    private static readonly S3Operation[] operations =
        [S3Operation.GetObject, S3Operation.HeadObject, S3Operation.GetObjectAttributes, S3Operation.GetObjectAcl, S3Operation.PutObjectAcl, S3Operation.GetObjectTagging, S3Operation.PutObjectTagging, S3Operation.DeleteObjectTagging];

    /// <returns>Null: there is no such tag.</returns>
    public string? Find(string name) => Tags.FirstOrDefault(tag => tag.Key == name) is { Key: not null } tag ? tag.Value : null;

    public static bool Has(S3Operation operation) => Array.IndexOf(operations, operation) >= 0;

    /// <param name="version">Null: there is none, and so no tags.</param>
    public static ExistingTags Of(VersionRow? version) => new(version is { IsDeleteMarker: false } ? ObjectTags.Get(version.Attributes) : []);
}
