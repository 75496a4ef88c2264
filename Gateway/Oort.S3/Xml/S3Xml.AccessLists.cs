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
        foreach (var grant in grants) WriteGrant(xml, grant);
        xml.End("AccessControlList");
        xml.End("AccessControlPolicy");
        await pipe.FlushAsync(cancellationToken);
    }

    private static void WriteGrant(S3XmlWriter xml, ShownGrant grant)
    {
        xml.Start("Grant");
        xml.StartTyped("Grantee", grant.Account is null ? "Group" : "CanonicalUser");
        if (grant.Account is { } named)
        {
            xml.Element("ID", named.Id);
            xml.Element("DisplayName", named.DisplayName);
        }
        else
        {
            xml.Element("URI", grant.GroupUri!);
        }

        xml.End("Grantee");
        xml.Element("Permission", AclNames.NameOf(grant.Permission));
        xml.End("Grant");
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
