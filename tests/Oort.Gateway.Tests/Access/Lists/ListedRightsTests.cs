using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access.Lists;

/// <summary>What lists give to whom, against tables written from S3's documentation.</summary>
public sealed class ListedRightsTests
{
    /// <summary>S3 API: "Mapping of ACL permissions and access policy permissions", and beside it what is one's own.</summary>
    private static readonly Dictionary<string, string> expected = new()
    {
        ["bucket READ"] = "ListBucket ListBucketMultipartUploads ListBucketVersions",
        ["bucket WRITE"] = "PutObject",
        ["bucket WRITE of one's own"] = "AbortMultipartUpload DeleteObject ListMultipartUploadParts PutObject",
        ["bucket READ_ACP"] = "GetBucketAcl",
        ["bucket WRITE_ACP"] = "PutBucketAcl",
        ["bucket FULL_CONTROL"] = "GetBucketAcl ListBucket ListBucketMultipartUploads ListBucketVersions PutBucketAcl PutObject",
        ["object READ"] = "GetObject GetObjectTorrent GetObjectVersion GetObjectVersionTorrent",
        ["object WRITE"] = "",
        ["object READ_ACP"] = "GetObjectAcl GetObjectVersionAcl",
        ["object WRITE_ACP"] = "PutObjectAcl PutObjectVersionAcl",
        ["object FULL_CONTROL"] = "GetObject GetObjectAcl GetObjectTorrent GetObjectVersion GetObjectVersionAcl GetObjectVersionTorrent PutObjectAcl PutObjectVersionAcl",
    };

    /// <summary>Canned lists (S3 API: "Canned ACL"): of whom, for an object by the writer, the bucket's owner, another account, an anonymous caller; r READ, w WRITE, R READ_ACP, W WRITE_ACP.</summary>
    public static TheoryData<string, bool, string, string, string, string> Canned => new()
    {
        { "private", false, "rwRW", "", "", "" },
        { "public-read", false, "rwRW", "r", "r", "r" },
        { "public-read-write", false, "rwRW", "rw", "rw", "rw" },
        { "authenticated-read", false, "rwRW", "r", "r", "" },
        { "bucket-owner-read", false, "rwRW", "r", "", "" },
        { "bucket-owner-full-control", false, "rwRW", "rwRW", "", "" },
        { "private", true, "rwRW", "", "", "" },
        { "public-read", true, "rwRW", "r", "r", "r" },
        { "public-read-write", true, "rwRW", "rw", "rw", "rw" },
        { "authenticated-read", true, "rwRW", "r", "r", "" },
        { "bucket-owner-read", true, "rwRW", "", "", "" },
        { "bucket-owner-full-control", true, "rwRW", "", "", "" },
        { "log-delivery-write", true, "rwRW", "", "", "" },
    };

    private static readonly (AclPermission Permission, string Letter)[] letters = [(AclPermission.Read, "r"), (AclPermission.Write, "w"), (AclPermission.ReadAcp, "R"), (AclPermission.WriteAcp, "W")];

    [Fact]
    public void Judge_EachPermission_GivesTheActionsOfTheTable()
    {
        var grantee = Principal.Root("222222222222", "grantee");
        foreach (var permission in Enum.GetValues<AclPermission>().Where(one => one != AclPermission.None))
        {
            var list = AccessList.Of([new(permission, Grantee.Account, "grantee")]);
            var name = AclNames.NameOf(permission);
            Given(list, null).ShouldBe(expected["bucket " + name], name);
            Given(AccessList.Empty, new("writer", list)).ShouldBe(expected["object " + name], name);
            if (permission == AclPermission.Write) Given(list, new("grantee", AccessList.Empty)).ShouldBe(expected["bucket WRITE of one's own"]);
        }

        string Given(AccessList ofBucket, ListedThing? thing) => string.Join(' ', AccessActions.All
            .Where(action => ListedRights.Judge(S3Operation.GetObject, grantee, "owner", Access(ofBucket, ObjectOwnership.ObjectWriter), action, thing).Match == ListMatch.Account)
            .Select(action => action.Name[3..]).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Canned))]
    public void Match_CannedList_GivesEachCallerWhatTheTableSays(string canned, bool isBucket, string writer, string bucketOwner, string other, string anonymous)
    {
        var requests = new ListRequests(new FakeAccounts());
        var list = isBucket ? requests.OfBucket(new(canned, []), "writer") : requests.OfObject(new(canned, []), "writer", "bucketOwner");
        Letters(Principal.Root("1", "writer")).ShouldBe(writer);
        Letters(Principal.Root("2", "bucketOwner")).ShouldBe(bucketOwner);
        Letters(Principal.User("3", "other", "ann")).ShouldBe(other);
        Letters(Principal.Anonymous).ShouldBe(anonymous);
        list.IsPublic.ShouldBe(other.Length > 0);

        string Letters(Principal principal) => string.Concat(letters
            .Select(letter => list.Match(principal, letter.Permission) == ListMatch.None ? "" : letter.Letter));
    }

    [Fact]
    public void Match_AccountAndGroup_AreToldApart()
    {
        var list = AccessList.Of([new(AclPermission.Read, Grantee.Account, "a"), new(AclPermission.ReadAcp, Grantee.AuthenticatedUsers)]);
        list.Match(Principal.User("1", "a", "ann"), AclPermission.Read).ShouldBe(ListMatch.Account);
        list.Match(Principal.User("1", "a", "ann"), AclPermission.ReadAcp).ShouldBe(ListMatch.Anybody);
        list.Match(Principal.Root("2", "b"), AclPermission.Read).ShouldBe(ListMatch.None);
        list.Match(Principal.Anonymous, AclPermission.ReadAcp).ShouldBe(ListMatch.None);
        AccessList.Of([new(AclPermission.Read, Grantee.Account, AccessList.AnonymousId)]).Match(Principal.Anonymous, AclPermission.Read).ShouldBe(ListMatch.Anybody);
    }

    [Fact]
    public void Judge_PublicListsIgnoredOrListsDisabled_GivesNothing()
    {
        var list = AccessList.Of([new(AclPermission.Read, Grantee.AllUsers), new(AclPermission.Read, Grantee.Account, "a")]);
        var get = AccessActions.Get("s3:GetObject");
        Judge(Access(list, ObjectOwnership.ObjectWriter)).ShouldBe(new("writer", ListMatch.Anybody));
        Judge(Access(list, ObjectOwnership.None)).ShouldBe(new("writer", ListMatch.Anybody));
        Judge(Access(list, ObjectOwnership.ObjectWriter, PublicAccessBlock.IgnorePublicAcls)).ShouldBe(new("writer", ListMatch.None));
        Judge(Access(list, ObjectOwnership.BucketOwnerEnforced)).ShouldBe(default);

        ListJudgement Judge(BucketAccess access) => ListedRights.Judge(S3Operation.GetObject, Principal.Root("1", "a"), "owner", access, get, new("writer", list));
    }

    [Theory]
    [InlineData("aws-exec-read", false, "NotImplemented")]
    [InlineData("aws-exec-read", true, "NotImplemented")]
    [InlineData("log-delivery-write", false, "InvalidArgument")]
    [InlineData("Private", true, "InvalidArgument")]
    public void OfObject_CannedListThatIsNone_IsRefused(string canned, bool isBucket, string code)
    {
        var requests = new ListRequests(new FakeAccounts());
        Should.Throw<S3Exception>(() => isBucket ? requests.OfBucket(new(canned, []), "o") : requests.OfObject(new(canned, []), "o", "b")).Error.Code.ShouldBe(code);
    }

    private static BucketAccess Access(AccessList list, ObjectOwnership ownership, PublicAccessBlock block = PublicAccessBlock.Removed) => new(null, block, null) { Ownership = ownership, List = list };
}
