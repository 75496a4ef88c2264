namespace Oort.S3;

/// <summary>Reads the body of PutBucketAcl and PutObjectAcl.</summary>
public static class AccessListReader
{
    /// <exception cref="S3Exception">MalformedACLError: no XML, no owner, a grantee without its type or name, a permission that there is not, too many grants.</exception>
    public static AccessListDocument Parse(byte[] body)
    {
        try
        {
            return S3XmlReader.Parse(body, "AccessControlPolicy", ReadPolicy);
        }
        catch (S3Exception e) when (e.Error == S3Errors.MalformedXml)
        {
            throw new S3Exception(S3Errors.MalformedAclError, e.Message);
        }
    }

    private static AccessListDocument ReadPolicy(S3XmlReader xml)
    {
        string? owner = null;
        List<AclGrant>? grants = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Owner": S3XmlReader.Once(ref owner, ReadOwner(xml), name); break;
                case "AccessControlList": S3XmlReader.Once(ref grants, ReadGrants(xml), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (owner is null) throw S3XmlReader.Malformed("The element Owner is missing.");
        return new(owner, grants ?? throw S3XmlReader.Malformed("The element AccessControlList is missing."));
    }

    private static string ReadOwner(S3XmlReader xml)
    {
        string? id = null, shown = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "ID": S3XmlReader.Once(ref id, xml.Text(), name); break;
                case "DisplayName": S3XmlReader.Once(ref shown, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        return id ?? throw S3XmlReader.Malformed("The owner has no ID.");
    }

    internal static List<AclGrant> ReadGrants(S3XmlReader xml)
    {
        var grants = new List<AclGrant>();
        xml.Children(name =>
        {
            if (name != "Grant") throw S3XmlReader.Unknown(name);
            if (grants.Count == AclNames.GrantCountMax) throw S3XmlReader.Malformed($"A list has at most {AclNames.GrantCountMax} grants.");
            grants.Add(ReadGrant(xml));
        });
        return grants;
    }

    private static AclGrant ReadGrant(S3XmlReader xml)
    {
        (AclGranteeKind Kind, string Name)? grantee = null;
        string? permission = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Grantee" when grantee is null: grantee = ReadGrantee(xml); break;
                case "Permission": S3XmlReader.Once(ref permission, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        var (kind, of) = grantee ?? throw S3XmlReader.Malformed("A grant has no Grantee.");
        var given = AclNames.Parse(permission ?? "");
        return given == AclPermission.None ? throw S3XmlReader.Malformed("A grant's Permission is READ, WRITE, READ_ACP, WRITE_ACP or FULL_CONTROL.") : new(kind, of, given);
    }

    /// <summary>The type says which child counts; S3's own answers have a DisplayName beside it, which clients send back.</summary>
    private static (AclGranteeKind Kind, string Name) ReadGrantee(S3XmlReader xml)
    {
        var type = xml.Attribute("type");
        string? id = null, email = null, uri = null, shown = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "ID": S3XmlReader.Once(ref id, xml.Text(), name); break;
                case "EmailAddress": S3XmlReader.Once(ref email, xml.Text(), name); break;
                case "URI": S3XmlReader.Once(ref uri, xml.Text(), name); break;
                case "DisplayName": S3XmlReader.Once(ref shown, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        var (kind, found) = type switch
        {
            "CanonicalUser" => (AclGranteeKind.Account, id),
            "AmazonCustomerByEmail" => (AclGranteeKind.Email, email),
            "Group" => (AclGranteeKind.Group, uri),
            _ => throw S3XmlReader.Malformed("A Grantee's xsi:type is CanonicalUser, AmazonCustomerByEmail or Group."),
        };
        return found is { Length: > 0 } ? (kind, found) : throw S3XmlReader.Malformed($"A Grantee of type {type} does not say which.");
    }
}
