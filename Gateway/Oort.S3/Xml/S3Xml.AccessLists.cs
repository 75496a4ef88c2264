using System.IO.Pipelines;

namespace Oort.S3;

public static partial class S3Xml
{
    /// <summary>Answer of GetBucketAcl and GetObjectAcl.</summary>
    public static async ValueTask WriteAccessListAsync(PipeWriter pipe, S3Owner owner, IEnumerable<ShownGrant> grants, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("AccessControlPolicy");
        WriteOwner(xml, "Owner", owner);
        xml.Start("AccessControlList");
        foreach (var (account, group, permission) in grants)
        {
            xml.Start("Grant");
            xml.StartTyped("Grantee", account is null ? "Group" : "CanonicalUser");
            if (account is { } named)
            {
                xml.Element("ID", named.Id);
                xml.Element("DisplayName", named.DisplayName);
            }
            else
            {
                xml.Element("URI", group!);
            }

            xml.End("Grantee");
            xml.Element("Permission", AclNames.NameOf(permission));
            xml.End("Grant");
        }

        xml.End("AccessControlList");
        xml.End("AccessControlPolicy");
        await pipe.FlushAsync(cancellationToken);
    }

    /// <summary>Answer of GetBucketOwnershipControls.</summary>
    public static async ValueTask WriteOwnershipControlsAsync(PipeWriter pipe, string ownership, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("OwnershipControls");
        xml.Start("Rule");
        xml.Element("ObjectOwnership", ownership);
        xml.End("Rule");
        xml.End("OwnershipControls");
        await pipe.FlushAsync(cancellationToken);
    }
}
