using System.Security.Cryptography;
using System.Xml.Linq;
using Oort.Gateway.Tests.Operations;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access.Lists;

/// <summary>Lists (ACLs) over HTTP, by the accounts of <see cref="FakeAccounts"/> and by nobody.</summary>
public sealed class ListTests(ListGateway gateway) : IClassFixture<ListGateway>
{
    private const string Xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

    private static string MainId => FakeAccounts.Main.CanonicalId;

    private static string OtherId => FakeAccounts.Other.CanonicalId;

    [Theory]
    [InlineData("private", "Main: Main FULL_CONTROL")]
    [InlineData("public-read", "Main: AllUsers READ, Main FULL_CONTROL")]
    [InlineData("public-read-write", "Main: AllUsers READ, AllUsers WRITE, Main FULL_CONTROL")]
    [InlineData("authenticated-read", "Main: AuthenticatedUsers READ, Main FULL_CONTROL")]
    [InlineData("log-delivery-write", "Main: LogDelivery WRITE, LogDelivery READ_ACP, Main FULL_CONTROL")]
    public async Task BucketList_Canned_AtCreationAndLater_IsAnswered(string canned, string shown)
    {
        var bucket = await gateway.NewBucketAsync(canned);
        ListGateway.Shown(await gateway.Main.SendAsync("GET", $"/{bucket}?acl")).ShouldBe(shown);
        var later = await gateway.NewBucketAsync();
        ListGateway.Shown(await gateway.Main.SendAsync("GET", $"/{later}?acl")).ShouldBe("Main: Main FULL_CONTROL");
        (await gateway.Main.SendAsync("PUT", $"/{later}?acl", [], ("x-amz-acl", canned))).Status.ShouldBe(200);
        ListGateway.Shown(await gateway.Main.SendAsync("GET", $"/{later}?acl")).ShouldBe(shown);
    }

    [Fact]
    public async Task Lists_ByHeadersAndBody_NameAccountsInEachWay()
    {
        var bucket = await gateway.NewBucketAsync(("x-amz-grant-read", $"id=\"{OtherId}\", emailAddress=other@EXAMPLE.com"), ("x-amz-grant-write", $"uri=\"{AclNames.LogDelivery}\""), ("x-amz-grant-full-control", $"id={MainId}"));
        const string Shown = "Main: LogDelivery WRITE, Other READ, Other READ, Main FULL_CONTROL";
        ListGateway.Shown(await gateway.Main.SendAsync("GET", $"/{bucket}?acl")).ShouldBe(Shown);

        // What is answered can be put again, on the bucket and on an object.
        var body = (await gateway.Main.SendAsync("GET", $"/{bucket}?acl")).Text;
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x")).Status.ShouldBe(200);
        foreach (var target in (string[])[$"/{bucket}?acl", $"/{bucket}/key?acl"])
        {
            (await gateway.Main.SendAsync("PUT", target, body)).Status.ShouldBe(200);
            ListGateway.Shown(await gateway.Main.SendAsync("GET", target)).ShouldBe(Shown);
            (await gateway.Main.SendAsync("PUT", target, List(MainId, Grant($"{Xsi} xsi:type=\"AmazonCustomerByEmail\"", "<EmailAddress>main@example.com</EmailAddress>", "WRITE_ACP")))).Status.ShouldBe(200);
            ListGateway.Shown(await gateway.Main.SendAsync("GET", target)).ShouldBe("Main: Main WRITE_ACP");
            (await gateway.Main.SendAsync("PUT", target, List(MainId, ""))).Status.ShouldBe(200);
            ListGateway.Shown(await gateway.Main.SendAsync("GET", target)).ShouldBe("Main: ");
            (await gateway.Main.SendAsync("PUT", target, body)).Status.ShouldBe(200, "The owner's root needs no grant.");
        }
    }

    [Theory]
    [InlineData("x-amz-acl", "no-such", "InvalidArgument")]
    [InlineData("x-amz-acl", "aws-exec-read", "NotImplemented")]
    [InlineData("x-amz-grant-read", "id=unknown", "InvalidArgument")]
    [InlineData("x-amz-grant-read", "name=unknown", "InvalidArgument")]
    [InlineData("x-amz-grant-read", "unknown", "InvalidArgument")]
    [InlineData("x-amz-grant-read", "uri=http://acs.amazonaws.com/groups/global/Nobody", "InvalidArgument")]
    [InlineData("x-amz-grant-read", "emailAddress=nobody@example.com", "UnresolvableGrantByEmailAddress")]
    [InlineData("x-amz-acl+x-amz-grant-read", "private", "InvalidRequest")]
    public async Task Headers_ThatAreWrong_AreRefusedEverywhere(string names, string value, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x");
        (string, string)[] headers = [.. names.Split('+').Select(name => (name, name == "x-amz-grant-read" && value == "private" ? "id=" + MainId : value))];
        (await gateway.Main.SendAsync("PUT", $"/{bucket}?acl", [], headers)).Code.ShouldBe(code);
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/key?acl", [], headers)).Code.ShouldBe(code);
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/new", "x", headers)).Code.ShouldBe(code);
        (await gateway.Main.SendAsync("POST", $"/{bucket}/new?uploads", [], headers)).Code.ShouldBe(code);
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/new", [], [.. headers, ("x-amz-copy-source", $"{bucket}/key")])).Code.ShouldBe(code);
        (await gateway.Main.SendAsync("PUT", "/" + gateway.NewName(), [], headers)).Code.ShouldBe(code);
        (await gateway.Main.SendAsync("GET", $"/{bucket}/new")).Code.ShouldBe("NoSuchKey");
        ListGateway.Shown(await gateway.Main.SendAsync("GET", $"/{bucket}?acl")).ShouldBe("Main: Main FULL_CONTROL");
    }

    [Fact]
    public async Task Bodies_ThatAreWrong_AreRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x");
        var account = $"{Xsi} xsi:type=\"CanonicalUser\"";
        foreach (var target in (string[])[$"/{bucket}?acl", $"/{bucket}/key?acl"])
        {
            (await gateway.Main.SendAsync("PUT", target, [])).Code.ShouldBe("MissingSecurityHeader");
            (await gateway.Main.SendAsync("PUT", target, List(MainId, ""), ("x-amz-acl", "private"))).Code.ShouldBe("UnexpectedContent");
            (await gateway.Main.SendAsync("PUT", target, "<Owner/>")).Code.ShouldBe("MalformedACLError");
            (await gateway.Main.SendAsync("PUT", target, List(OtherId, ""))).Code.ShouldBe("AccessDenied");
            (await gateway.Main.SendAsync("PUT", target, List(MainId, Grant(account, $"<ID>{OtherId}</ID>", "EVERYTHING")))).Code.ShouldBe("MalformedACLError");
            (await gateway.Main.SendAsync("PUT", target, List(MainId, Grant(account, "<ID>_foo</ID>", "READ")))).Code.ShouldBe("InvalidArgument");
            (await gateway.Main.SendAsync("PUT", target, List(MainId, Grant($"{Xsi} xsi:type=\"Group\"", "<URI>x</URI>", "READ")))).Code.ShouldBe("InvalidArgument");
            (await gateway.Main.SendAsync("PUT", target, List(MainId, Grant($"{Xsi} xsi:type=\"AmazonCustomerByEmail\"", "<EmailAddress>x@y</EmailAddress>", "READ")))).Code.ShouldBe("UnresolvableGrantByEmailAddress");
            ListGateway.Shown(await gateway.Main.SendAsync("GET", target)).ShouldBe("Main: Main FULL_CONTROL");
        }

        (await gateway.Main.SendAsync("GET", $"/{bucket}/missing?acl")).Code.ShouldBe("NoSuchKey");
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/missing?acl", [], ("x-amz-acl", "private"))).Code.ShouldBe("NoSuchKey");
    }

    /// <summary>What each permission on a bucket lets another account do: list, put, read the list, write it.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("read", "list")]
    [InlineData("write", "put")]
    [InlineData("read-acp", "get-acl")]
    [InlineData("write-acp", "put-acl")]
    [InlineData("full-control", "list put get-acl put-acl")]
    public async Task BucketGrant_ToAnAccount_LetsItDoThatAndNoMore(string permission, string allowed)
    {
        var bucket = await gateway.NewBucketAsync(permission.Length == 0 ? [] : [("x-amz-grant-" + permission, "id=" + OtherId)]);
        (string Name, string Method, string Target, byte[]? Body, (string, string)[] Headers)[] deeds =
        [
            ("list", "GET", "", null, []), ("list", "HEAD", "", null, []), ("list", "GET", "?list-type=2", null, []), ("list", "GET", "?versions", null, []), ("list", "GET", "?uploads", null, []),
            ("put", "PUT", "/key", [1], []), ("put", "POST", "/key?uploads", [], []), ("get-acl", "GET", "?acl", null, []), ("put-acl", "PUT", "?acl", [], [("x-amz-grant-" + permission, "id=" + OtherId)]),
            ("more", "GET", "?policy", null, []), ("more", "GET", "?ownershipControls", null, []), ("more", "DELETE", "", null, []), ("more", "GET", "?location", null, []),
        ];
        foreach (var deed in deeds)
        {
            var headers = permission.Length == 0 ? [] : deed.Headers;
            foreach (var client in (RawClient[])[gateway.Other, gateway.Third])
            {
                var answer = await client.SendAsync(deed.Method, $"/{bucket}{deed.Target}", deed.Body, headers);
                var isAllowed = client == gateway.Other && allowed.Split(' ').Contains(deed.Name);
                answer.Status.ShouldBe(isAllowed ? 200 : 403, $"{deed.Method} {deed.Target} by {(client == gateway.Other ? "the grantee" : "another")}: {answer.Text}");
            }

            (await gateway.AnonymousAsync(deed.Method, $"/{bucket}{deed.Target}")).Status.ShouldBe(403);
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("read", "get")]
    [InlineData("write", "")]
    [InlineData("read-acp", "get-acl")]
    [InlineData("write-acp", "put-acl")]
    [InlineData("full-control", "get get-acl put-acl")]
    public async Task ObjectGrant_ToAnAccount_LetsItDoThatAndNoMore(string permission, string allowed)
    {
        var bucket = await gateway.NewBucketAsync();
        (string, string)[] grant = permission.Length == 0 ? [] : [("x-amz-grant-" + permission, "id=" + OtherId)];
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "content", grant)).Status.ShouldBe(200);
        (string Name, string Method, string Target, byte[]? Body)[] deeds =
        [
            ("get", "GET", "/key", null), ("get", "HEAD", "/key", null), ("get", "GET", "/key?versionId=null", null), ("get-acl", "GET", "/key?acl", null), ("get-acl", "GET", "/key?acl&versionId=null", null),
            ("more", "GET", "/key?tagging", null), ("more", "GET", "/key?attributes", null), ("more", "PUT", "/key", [1]), ("more", "DELETE", "/key", null), ("put-acl", "PUT", "/key?acl", []), ("put-acl", "PUT", "/key?acl&versionId=null", []),
        ];
        foreach (var deed in deeds)
        {
            if (deed.Name == "put-acl" && permission.Length == 0) continue;
            foreach (var client in (RawClient[])[gateway.Other, gateway.Third])
            {
                (string, string)[] headers = deed.Name == "put-acl" ? grant : deed.Target.Contains("attributes", StringComparison.Ordinal) ? [("x-amz-object-attributes", "ETag")] : [];
                var answer = await client.SendAsync(deed.Method, $"/{bucket}{deed.Target}", deed.Body, headers);
                answer.Status.ShouldBe(client == gateway.Other && allowed.Split(' ').Contains(deed.Name) ? 200 : 403, $"{deed.Method} {deed.Target}: {answer.Text}");
            }
        }

        var copy = await gateway.Other.SendAsync("PUT", $"/{await gateway.NewBucketAsync("public-read-write")}/copy", [], ("x-amz-copy-source", $"{bucket}/key"));
        copy.Status.ShouldBe(permission is "read" or "full-control" ? 200 : 403);
    }

    /// <summary>A list gives to accounts: what their users may do, their own policies say. What it gives to everybody, users of the bucket's account have too.</summary>
    [Fact]
    public async Task Grant_OfAnAccount_IsItsUsersOnlyByTheirOwnPolicies()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-grant-read", $"id={MainId}, id={OtherId}"));
        await gateway.Main.SendAsync("PUT", $"/{bucket}/public", "x", ("x-amz-acl", "public-read"));
        foreach (var account in (Oort.Identity.Accounts.Account[])[FakeAccounts.Main, FakeAccounts.Other])
        {
            using var without = gateway.UserOf(account);
            using var with = gateway.UserOf(account, "s3:GetObject");
            (await without.SendAsync("GET", $"/{bucket}/key")).Status.ShouldBe(403);
            (await with.SendAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);
            (await with.SendAsync("GET", $"/{bucket}/key?acl")).Status.ShouldBe(403);
            (await with.SendAsync("GET", $"/{bucket}/public")).Status.ShouldBe(200);
            (await without.SendAsync("GET", $"/{bucket}/public")).Status.ShouldBe(account == FakeAccounts.Main ? 200 : 403);
        }

        // Of an object that a user writes the owner is his account; to give it a list, he needs to be allowed that.
        using var writer = gateway.UserOf(FakeAccounts.Other, "s3:PutObject");
        using var giver = gateway.UserOf(FakeAccounts.Other, "s3:PutObject*");
        var shared = await gateway.NewBucketAsync("public-read-write");
        (await writer.SendAsync("PUT", $"/{shared}/key", "x")).Status.ShouldBe(200);
        (await writer.SendAsync("PUT", $"/{shared}/key", "x", ("x-amz-acl", "public-read"))).Status.ShouldBe(403);
        (await giver.SendAsync("PUT", $"/{shared}/key", "x", ("x-amz-acl", "public-read"))).Status.ShouldBe(200);
        ListGateway.Shown(await gateway.Other.SendAsync("GET", $"/{shared}/key?acl")).ShouldBe("Other: AllUsers READ, Other FULL_CONTROL");
    }

    [Fact]
    public async Task PublicLists_LetEverybodyIn_AndAuthenticatedOnesWhoHasSigned()
    {
        var bucket = await gateway.NewBucketAsync("public-read");
        await gateway.Main.SendAsync("PUT", $"/{bucket}/public", "public", ("x-amz-acl", "public-read"));
        await gateway.Main.SendAsync("PUT", $"/{bucket}/signed", "signed", ("x-amz-acl", "authenticated-read"));
        await gateway.Main.SendAsync("PUT", $"/{bucket}/private", "private");
        (await gateway.AnonymousAsync("GET", $"/{bucket}/public")).Text.ShouldBe("public");
        (await gateway.AnonymousAsync("GET", $"/{bucket}/signed")).Status.ShouldBe(403);
        (await gateway.Third.SendAsync("GET", $"/{bucket}/signed")).Text.ShouldBe("signed");
        foreach (var answer in (RawAnswer[])[await gateway.AnonymousAsync("GET", $"/{bucket}/private"), await gateway.Other.SendAsync("GET", $"/{bucket}/private")]) answer.Code.ShouldBe("AccessDenied");

        // Who may list the bucket knows what is not there.
        foreach (var rest in (string[])["/missing", "/missing?acl", "/missing?versionId=null"]) (await gateway.AnonymousAsync("GET", $"/{bucket}{rest}")).Status.ShouldBe(404);
        (await gateway.AnonymousAsync("GET", $"/{bucket}")).Text.ShouldContain("<Key>private</Key>");
        (await gateway.Main.SendAsync("PUT", $"/{bucket}?acl", [], ("x-amz-acl", "private"))).Status.ShouldBe(200);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/missing")).Code.ShouldBe("AccessDenied");
        (await gateway.AnonymousAsync("GET", $"/{bucket}/public")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task ObjectOfAnotherAccount_IsItsOwn_AndTheBucketsOwnersToDelete()
    {
        var bucket = await gateway.NewBucketAsync("public-read-write");
        (await gateway.Other.SendAsync("PUT", $"/{bucket}/key", "mine")).Status.ShouldBe(200);
        ListGateway.Shown(await gateway.Other.SendAsync("GET", $"/{bucket}/key?acl")).ShouldBe("Other: Other FULL_CONTROL");
        foreach (var rest in (string[])["/key", "/key?acl", "/key?versionId=null"]) (await gateway.Main.SendAsync("GET", $"/{bucket}{rest}")).Code.ShouldBe("AccessDenied", rest);
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/key"))).Code.ShouldBe("AccessDenied");
        (await gateway.Other.SendAsync("GET", $"/{bucket}/key?attributes", [], ("x-amz-object-attributes", "ETag"))).Status.ShouldBe(200);

        // Its owner gives it to the bucket's.
        (await gateway.Other.SendAsync("PUT", $"/{bucket}/key?acl", [], ("x-amz-acl", "bucket-owner-read"))).Status.ShouldBe(200);
        ListGateway.Shown(await gateway.Other.SendAsync("GET", $"/{bucket}/key?acl")).ShouldBe("Other: Other FULL_CONTROL, Main READ");
        (await gateway.Main.SendAsync("GET", $"/{bucket}/key")).Text.ShouldBe("mine");
        (await gateway.Main.SendAsync("GET", $"/{bucket}/key?acl")).Code.ShouldBe("AccessDenied");
        (await gateway.Other.SendAsync("PUT", $"/{bucket}/key", "mine", ("x-amz-acl", "bucket-owner-full-control"))).Status.ShouldBe(200);
        ListGateway.Shown(await gateway.Main.SendAsync("GET", $"/{bucket}/key?acl")).ShouldBe("Other: Other FULL_CONTROL, Main FULL_CONTROL");

        foreach (var rest in (string[])["", "?versions", "?list-type=2&fetch-owner=true"]) Owners(await gateway.Main.SendAsync("GET", $"/{bucket}{rest}")).ShouldBe(["Other"], rest);
        (await gateway.Main.SendAsync("DELETE", $"/{bucket}/key")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task BucketsPolicy_OnAnothersObject_ForbidsAndDoesNotAllow()
    {
        var bucket = await gateway.NewBucketAsync("public-read-write");
        await gateway.Other.SendAsync("PUT", $"/{bucket}/other", "other");
        await gateway.Main.SendAsync("PUT", $"/{bucket}/main", "main");
        await PutPolicyAsync("Allow", "s3:*");
        (await gateway.AnonymousAsync("GET", $"/{bucket}/main")).Text.ShouldBe("main");
        (await gateway.AnonymousAsync("GET", $"/{bucket}/other")).Code.ShouldBe("AccessDenied");
        (await gateway.Main.SendAsync("GET", $"/{bucket}/other")).Code.ShouldBe("AccessDenied");
        (await gateway.Third.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/other"))).Code.ShouldBe("AccessDenied");
        await PutPolicyAsync("Deny", "s3:GetObject");
        (await gateway.Other.SendAsync("GET", $"/{bucket}/other")).Code.ShouldBe("AccessDenied");
        (await gateway.Other.SendAsync("GET", $"/{bucket}/other?acl")).Status.ShouldBe(200);
        await gateway.Other.SendAsync("PUT", $"/{bucket}/other?acl", [], ("x-amz-acl", "public-read"));
        (await gateway.AnonymousAsync("GET", $"/{bucket}/other")).Code.ShouldBe("AccessDenied", "A denial is above every list.");

        async Task PutPolicyAsync(string effect, string action) => (await gateway.Main.SendAsync("PUT", $"/{bucket}?policy", $$"""{"Version":"2012-10-17","Statement":[{"Effect":"{{effect}}","Principal":"*","Action":"{{action}}","Resource":["arn:aws:s3:::{{bucket}}","arn:aws:s3:::{{bucket}}/*"]}]}""")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task ObjectOfAnAnonymousWriter_IsEverybodysWhoHasNotSigned()
    {
        var bucket = await gateway.NewBucketAsync("public-read-write");
        (await gateway.AnonymousAsync("PUT", $"/{bucket}/key", "found")).Status.ShouldBe(200);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Text.ShouldBe("found");
        ListGateway.Shown(await gateway.AnonymousAsync("GET", $"/{bucket}/key?acl")).ShouldBe("anonymous: anonymous FULL_CONTROL");
        (await gateway.Main.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        (await gateway.AnonymousAsync("PUT", $"/{bucket}/given", "found", ("x-amz-acl", "bucket-owner-full-control"))).Status.ShouldBe(200);
        (await gateway.Main.SendAsync("GET", $"/{bucket}/given")).Text.ShouldBe("found");
        (await gateway.Main.SendAsync("DELETE", $"/{bucket}/key")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task WriteGrant_LetsReplaceAndDeletesOnlyOnesOwn()
    {
        var bucket = await gateway.NewBucketAsync("public-read-write");
        foreach (var key in (string[])["a", "b", "c"]) await gateway.Main.SendAsync("PUT", $"/{bucket}/{key}", "main");
        await gateway.Other.SendAsync("PUT", $"/{bucket}/o", "other");
        (await gateway.Other.SendAsync("DELETE", $"/{bucket}/a")).Code.ShouldBe("AccessDenied");
        (await gateway.Other.SendAsync("DELETE", $"/{bucket}/missing")).Status.ShouldBe(204);
        (await gateway.Other.SendAsync("PUT", $"/{bucket}/b", "other")).Status.ShouldBe(200);
        (await gateway.Other.SendAsync("DELETE", $"/{bucket}/b")).Status.ShouldBe(204);
        (await gateway.Other.SendAsync("DELETE", $"/{bucket}/o?versionId=null")).Code.ShouldBe("AccessDenied", "A version is the bucket's owner's to delete.");
        var several = await gateway.Other.SendAsync("POST", $"/{bucket}?delete", "<Delete><Object><Key>a</Key></Object><Object><Key>o</Key></Object></Delete>", ("Content-MD5", Md5("<Delete><Object><Key>a</Key></Object><Object><Key>o</Key></Object></Delete>")));
        Values(several, "Deleted", "Key").ShouldBe(["o"]);
        Values(several, "Error", "Key").ShouldBe(["a"]);
    }

    [Fact]
    public async Task Upload_KeepsItsListAndOwner_AndIsItsInitiatorsToAbort()
    {
        var bucket = await gateway.NewBucketAsync("public-read-write");
        var id = (await gateway.Other.SendAsync("POST", $"/{bucket}/key?uploads", [], ("x-amz-acl", "public-read"))).Element("UploadId");
        (await gateway.Other.SendAsync("PUT", $"/{bucket}/key?partNumber=1&uploadId={id}", "part")).Status.ShouldBe(200);
        Owners(await gateway.Main.SendAsync("GET", $"/{bucket}?uploads")).ShouldBe(["Other"]);
        Owners(await gateway.Other.SendAsync("GET", $"/{bucket}/key?uploadId={id}")).ShouldBe(["Other"]);
        (await gateway.Third.SendAsync("GET", $"/{bucket}/key?uploadId={id}")).Code.ShouldBe("AccessDenied");
        (await gateway.Third.SendAsync("DELETE", $"/{bucket}/key?uploadId={id}")).Code.ShouldBe("AccessDenied");
        var etag = (await gateway.Other.SendAsync("GET", $"/{bucket}/key?uploadId={id}")).Element("ETag");
        (await gateway.Other.SendAsync("POST", $"/{bucket}/key?uploadId={id}", $"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>")).Status.ShouldBe(200);
        ListGateway.Shown(await gateway.Other.SendAsync("GET", $"/{bucket}/key?acl")).ShouldBe("Other: AllUsers READ, Other FULL_CONTROL");
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Text.ShouldBe("part");

        var aborted = (await gateway.Other.SendAsync("POST", $"/{bucket}/key?uploads", [])).Element("UploadId");
        (await gateway.Other.SendAsync("DELETE", $"/{bucket}/key?uploadId={aborted}")).Status.ShouldBe(204);
        (await gateway.Other.SendAsync("DELETE", $"/{bucket}/key?uploadId=nothing")).Code.ShouldBe("AccessDenied");
    }

    [Fact]
    public async Task Copy_HasAListOfItsOwn_AndVersionsKeepTheirs()
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Main.SendAsync("PUT", $"/{bucket}?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")).Status.ShouldBe(200);
        var first = (await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "one", ("x-amz-acl", "public-read"))).Header("x-amz-version-id");
        await gateway.Main.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/key"));
        (await gateway.AnonymousAsync("GET", $"/{bucket}/copy")).Code.ShouldBe("AccessDenied");
        await gateway.Main.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/key"), ("x-amz-acl", "public-read"));
        (await gateway.AnonymousAsync("GET", $"/{bucket}/copy")).Text.ShouldBe("one");

        var second = (await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "two")).Header("x-amz-version-id");
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key?versionId={first}")).Text.ShouldBe("one");
        var put = await gateway.Main.SendAsync("PUT", $"/{bucket}/key?acl", [], ("x-amz-acl", "public-read"));
        (put.Status, put.Header("x-amz-version-id")).ShouldBe((200, second));
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/key?acl&versionId={first}", [], ("x-amz-acl", "private"))).Status.ShouldBe(200);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Text.ShouldBe("two");
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key?versionId={first}")).Code.ShouldBe("AccessDenied");
        (await gateway.Main.SendAsync("DELETE", $"/{bucket}/key")).Status.ShouldBe(204);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key?versionId={second}")).Text.ShouldBe("two");
    }

    private static string List(string owner, string grants) => $"<AccessControlPolicy><Owner><ID>{owner}</ID></Owner><AccessControlList>{grants}</AccessControlList></AccessControlPolicy>";

    private static string Grant(string attributes, string name, string permission) => $"<Grant><Grantee {attributes}>{name}</Grantee><Permission>{permission}</Permission></Grant>";

    private static IEnumerable<string> Owners(RawAnswer answer) => Values(answer, "Owner", "DisplayName");

    private static IEnumerable<string> Values(RawAnswer answer, string element, string child) =>
        XDocument.Parse(answer.Text).Descendants().Where(one => one.Name.LocalName == element).Select(one => one.Elements().First(inner => inner.Name.LocalName == child).Value);

    private static string Md5(string text) => Convert.ToBase64String(MD5.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
}
